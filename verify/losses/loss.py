"""The interface of a loss ℓ(u; y), convex and smooth in the logits u ∈ R^K of one task, to verification.

Its value and derivatives, and its conjugate ℓ*(g; y) = sup_u ⟨g, u⟩ − ℓ(u; y), of which −ℓ* is bounded from below with
all rounding. A deviation g is a subgradient that was not computed as one: any double is made a point of ℓ*'s domain, a
convex set that contains 0, by ``clip``. Where ℓ is blind to a common shift, g has sum 0 in the domain too: callers see
to it (``verify.certification.dual_value``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from verify.losses.balls import Ball
from verify.losses.tasks import Bool, Float, Int, Tasks

Pair = tuple[Float, Float]


class Loss(Protocol):
    """Constants and functions of one loss; logits u and targets y are blocks (K, n), a column a sample.

    shift_blind   whether ℓ does not see a common shift of a task's logits: such a task needs K − 1 dimensions
    smoothness    L with ∂²ℓ ≼ L s, s the ``mass`` of a column
    attains_zero  whether ℓ = 0 somewhere, and the residual as computed is 0 only there
    """

    shift_blind: ClassVar[bool]
    smoothness: ClassVar[float]
    attains_zero: ClassVar[bool]

    @staticmethod
    def mass(sums: Float) -> Float:
        """s of Σ_k y_k: that where the loss is a multiple of it, else 1."""

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """(n,) ℓ ≥ 0 and (K, n) ∂ℓ, both accurate where they are tiny."""

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: Int, eta: Float) -> Float:
        """(T', n) what errors of at most η in the logits, and in their differences, may change ℓ by, from the values of
        ℓ, masses and η (T', n) and classes (T', 1).
        """

    @staticmethod
    def target_slack(u: Float, y: Float, residual: Float) -> Float | None:
        """(n,) what a relative change of y by ε may change ℓ by, over ε, beyond ε ℓ; None for nothing."""

    @staticmethod
    def curvature(u: Float, y: Float) -> Float:
        """(K, n) p, of which ∂²ℓ is made. With m the least p of a column, ‖u − u*‖² ≤ 4 B/(s m) for all u* (of sum as u
        where ℓ is shift-blind) whose B = ℓ(u) − ℓ(u*) − ⟨∂ℓ(u*), u − u*⟩ is at most s m/4.
        """

    @staticmethod
    def curve(p: Float, s: Float, du: Float) -> Float:
        """(K, n) ∂²ℓ du, masses s (n,)."""

    @staticmethod
    def diagonal(p: Float, s: Float) -> Float:
        """(K, n) the diagonal of ∂²ℓ."""

    @staticmethod
    def curved(p: Float, s: Float, du: Float, of_p: Float, of_du: Float) -> tuple[Float, Float]:
        """(K, n) terms ≥ 0 whose sum over classes is ⟨du, ∂²ℓ du⟩, and what errors of_p and of_du make of each."""

    @staticmethod
    def spread_of_errors(u: Float, y: Float, p: Float, residual: Float, of_u: Float, roundings: int) -> Pair:
        """(K, n) bounds on the errors of p and of the residual, of logits within of_u and targets within roundings."""

    @staticmethod
    def clip(at: Tasks, wanted: Float) -> Float:
        """(R', m) the nearest to ``wanted`` that each entry alone may be in the domain of ℓ*."""

    @staticmethod
    def share(at: Tasks, point: Float, move: Float) -> float:
        """The largest share ≤ 1 of the move that leaves each entry of a point of the domain inside."""

    @staticmethod
    def inside(at: Tasks, theta: float | Float, deviation: Float) -> Float | None:
        """(m,) f ≤ 1 for which ``bound`` may be taken at θ f g, one θ or (m,); None if all are 1."""

    @staticmethod
    def bound(at: Tasks, g: Float, moved: Float | None) -> Float:
        """(T', m) proven ≤ −ℓ*(g; y), of the exact g: within 3u of these doubles, relatively, and within ``moved``
        (R', m), which is given where Σ_l a_l g_l = 0 exactly, so that a constant may be taken off what g is paired
        with. Where ℓ is shift-blind its tops are what the others leave. May overwrite g.
        """

    @staticmethod
    def tilt(at: Tasks, deviation: Float, weight: Float) -> Float:
        """(R', m) what the best bias would leave of a deviation: Σ_l a_l g_l = 0 but for rounding; weight (m,) is a."""

    @staticmethod
    def room(at: Tasks, deviation: Float) -> Float:
        """(R', m) how far each entry may be ``moved``; infinite where any distance will do."""

    @staticmethod
    def pulls(at: Tasks) -> Bool:
        """(R', 2) whether a target pulls the bias up, and one down: without both it is not finite, and g is 0."""

    @staticmethod
    def tilt_by(at: Tasks, deviation: Float, b: Float) -> Float:
        """(R', m) what a bias b (R',) would make of a deviation, but for tops where ℓ is shift-blind."""

    @staticmethod
    def tilt_curvature(at: Tasks, deviation: Float, weight: Float) -> list[Float]:
        """Of each task the derivative of Σ_l a_l g_l by b: (K, K), or its diagonal (K,) if it is one."""

    @staticmethod
    def tilt_step(curvature: Float, drift: Float) -> Float:
        """(K,) a step of b for Σ_l a_l g_l = drift (K,) of one task, short enough for Newton's method to converge."""

    @staticmethod
    def takes(targets: Float) -> bool:
        """Whether ℓ*'s domain contains 0 for all targets (K, n), before smoothing as after."""

    @staticmethod
    def value_in_balls(u: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """A ball that contains ℓ(u; y); s = ``mass``, exact."""

    @staticmethod
    def contains(g: Sequence[Ball], y: Sequence[Ball]) -> bool:
        """Whether g is proven to be in ℓ*'s domain; where ℓ is shift-blind, g is known to have sum 0."""

    @staticmethod
    def gain(g: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """A ball whose lower end is ≤ −ℓ*(g; y), for a g in the domain."""
