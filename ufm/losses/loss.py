"""The interface of a loss ℓ(u; y), convex and smooth in a task's logits u ∈ R^K, to the solvers.

Newton works on all columns at once, with ``Columns`` made once for consecutive tasks of one loss. The gradient method
works on chunks of samples, by functions of blocks (tasks, K, n): ``margins`` of logits are what ``value`` and ``along``
take, so that a loss blind to a common shift may keep its digits.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses.task_blocks import TaskBlocks

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Pieces = tuple[Tensor, ...]


def smallest(dtype: torch.dtype) -> float:
    """A number that the type still divides by."""
    return max(1e-300, torch.finfo(dtype).tiny)


class Columns(Protocol):
    """Σ w ℓ(u; y) over R' rows of consecutive tasks and m columns; u, y, w are (R', m), w constant within a block.

    The columns may be those of many problems: sums over all of them are ``blocks.total``, those over the columns of
    each row ``blocks.row_total``, which are each problem's own.
    """

    def __init__(self, blocks: TaskBlocks, y: Tensor, weight: Tensor) -> None: ...

    def value(self, u: Tensor) -> tuple[Tensor, Pieces]:
        """Σ w ℓ, and the pieces that ``linearize`` goes on from."""

    def linearize(self, pieces: Pieces) -> tuple[Pieces, Tensor]:
        """The state that curvature is computed from, and the residual g = ∂ℓ/∂u (R', m), without w."""

    def curve(self, state: Pieces, du: Tensor) -> Tensor:
        """w ∂²ℓ du; du may be overwritten."""

    def diagonal(self, state: Pieces) -> Tensor:
        """The diagonal of w ∂²ℓ."""

    def remainder(self, state: Pieces, du: Tensor) -> Tensor:
        """Σ w [ ℓ(u + du) − ℓ(u) − ⟨g, du⟩ ], to full precision also where du is tiny; du may be overwritten."""

    def excess(self, state: Pieces, residual: Tensor) -> Tensor:
        """Σ w gᵀ (∂²ℓ)⁺ g: twice what multiplying g by 1 ± ε costs in Σ w ℓ*, over ε²."""

    def cancelled(self, state: Pieces) -> Tensor:
        """(R', m) the size of what the residual's difference has cancelled, in whose last digits its rounding is."""

    def bias_curvature(self, reach: Tensor) -> Tensor:
        """(R', 1), of many problems (R', problems): a bound of Σ_l w ∂²ℓ at a minimizer, where V's norm being at most τ
        leaves at most ``reach`` of it: steps are as short as it says, where ``Loss.bias_curvature`` is what they are
        seen to be on average.
        """


class Loss(Protocol):
    """Constants and functions of one loss.

    shift_blind      whether ℓ does not see a common shift of a task's logits: such a task needs K − 1 dimensions
    quadratic        whether ∂²ℓ is constant, so that a parabola holds however far a step goes
    curvature_bound  of ∂²ℓ's eigenvalues, per unit of mass where the loss has one
    """

    shift_blind: ClassVar[bool]
    quadratic: ClassVar[bool]
    curvature_bound: ClassVar[float]
    columns: ClassVar[type[Columns]]

    @staticmethod
    def check(name: str, targets: Float) -> None:
        """Raises ValueError naming ``name`` unless the loss accepts the targets (n, K)."""

    @staticmethod
    def mass(y: Float) -> Float:
        """(m,) s of target blocks y (K, m), by which a block's weight is multiplied: Σ y, or 1."""

    @staticmethod
    def unbounded(y: Float) -> Bool:
        """(K,) classes whose bias has no finite best when it is free, from the targets y (K, m) of labelled columns."""

    @staticmethod
    def bias_curvature(y: Float, weight: Float, omega: Float, tau: float) -> Float:
        """(K,) about Σ_l w ∂²ℓ/∂u_k² at a minimizer, from targets y (K, m), w and ω (m,) alone.

        Optimality keeps the norm of g √(w / ω) over the columns, scaled by √c, below τ: by Cauchy-Schwarz
        Σ_l w |g_kl| ≤ τ √(Σ_l w ω) over any columns, w having the c.
        """

    @staticmethod
    def margins(logits: Tensor, anchor: Tensor) -> Tensor:
        """The input of ``loss`` and ``along``, linear in the logits; ``anchor`` is a class of largest target."""

    @staticmethod
    def residual(logits: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """w ∂ℓ/∂u of blocks (tasks, K, n); target w y (tasks, K, n), weight w s (tasks, 1, n)."""

    @staticmethod
    def loss(margin: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """Σ w ℓ in float64."""

    @staticmethod
    def along(margin: Tensor, first: Tensor, second: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """First and second derivative in t of Σ w ℓ along margins with derivatives first and second, in float64."""

    @staticmethod
    def convex(u: Any, y: Float, weight: Float) -> list[Any]:
        """Terms of Σ_l w_l ℓ(u_l; y_l) in cvxpy's atoms; u is an expression (K, m), y (K, m), weight (m,)."""
