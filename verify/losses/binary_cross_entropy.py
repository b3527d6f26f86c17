"""Binary cross-entropy to targets 0 ≤ y ≤ 1: a sigmoid for each class.

    ℓ(u; y) = Σ_k log(1 + e^{u_k}) − y_k u_k,      ∂ℓ = σ(u) − y,      ∂²ℓ v = σ(u) σ(−u) ∘ v ≼ 1/4
    ℓ*(g; y) = Σ_k q_k log q_k + q'_k log q'_k,  q = y + g,  q' = 1 − q,      finite where 0 ≤ q ≤ 1.

With σ(−u) = 1 − σ(u) neither tail is a difference:

    ℓ = Σ_k (1 − y_k) log(1 + e^{u_k}) + y_k log(1 + e^{−u_k}),      ∂ℓ = (1 − y) σ(u) − y σ(−u).

**Rounding of −ℓ*.** h(q) = −q log q − q' log q', of π = min(q, q') as computed, q' = (1 − y) − g. u = 2⁻⁵³; targets are
within r u, and 1 − y within u (1 − y) and what y is off by.

    q, q'                          u ((r + 2) y + 2 (1 − y) + 4 |g| + 2 π) where neither y nor 1 − y is 0, else
                                   u (4 |g| + 2 π): all of η
    h, moved by η ≤ π/2            |h'| = |log q − log q'| ≤ −log π, log 2 more on the way: η (L + 1), L = −log π
    h as computed                  log and log1p 8u, products and their sum 4u: 16u h
    h, moved by more               h ≥ 0, as ``clip`` keeps the exact q within [0, 1]
    Σ_k                            K u

1 − y as computed is below the exact 1 − y by (r + 2) u at most: where y is rounded, ``clip`` goes no further up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from verify.losses.balls import Ball, flint
from verify.losses.best_bias import SIGMOID, sigmoid_by, sigmoid_tilt
from verify.losses.loss import Pair
from verify.losses.rounding import EPS, TINY, UNDERFLOW, UNIT, gamma, inside_of
from verify.losses.second_order import diagonal_terms
from verify.losses.tasks import Bool, Float, Int, Tasks


class BinaryCrossEntropy:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = False
    smoothness: ClassVar[float] = 0.25
    attains_zero: ClassVar[bool] = False

    @staticmethod
    def mass(sums: Float) -> Float:
        """1."""
        return np.ones_like(sums)

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """Σ_k log(1 + e^{−|u|}) + (1 − y) max(u, 0) + y max(−u, 0), and (1 − y) σ(u) − y σ(−u)."""
        tail = np.exp(-np.abs(u))
        no = 1.0 - y
        loss = np.log1p(tail) + np.where(u > 0, no, y) * np.abs(u)
        small, large = tail / (1.0 + tail), 1.0 / (1.0 + tail)
        residual = no * np.where(u > 0, large, small) - y * np.where(u > 0, small, large)
        return np.asarray(loss.sum(axis=0)), residual

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: Int, eta: Float) -> Float:
        """min((e^η − 1) ℓ, K η): log(1 + e^x) moves by at most (e^η − 1) σ(x) ≤ (e^η − 1) log(1 + e^x), and by η."""
        return np.asarray(np.fmin(np.expm1(eta) * losses, classes * eta))

    @staticmethod
    def target_slack(u: Float, y: Float, residual: Float) -> Float:
        """Σ_k y_k max(u_k, 0); the rest is in ℓ."""
        return np.asarray((y * np.maximum(u, 0.0)).sum(axis=0))

    @staticmethod
    def curvature(u: Float, y: Float) -> Float:
        """σ(u) σ(−u)."""
        tail = np.exp(-np.abs(u))
        return np.asarray(tail / (1.0 + tail) ** 2)

    @staticmethod
    def curve(p: Float, s: Float, du: Float) -> Float:
        """σ(u) σ(−u) du."""
        return np.asarray(s * p * du)

    @staticmethod
    def diagonal(p: Float, s: Float) -> Float:
        """σ(u) σ(−u)."""
        return np.asarray(s * p)

    @staticmethod
    def curved(p: Float, s: Float, du: Float, of_p: Float, of_du: Float) -> tuple[Float, Float]:
        """p du²."""
        return diagonal_terms(p, s, du, of_p, of_du)

    @staticmethod
    def spread_of_errors(u: Float, y: Float, p: Float, residual: Float, of_u: Float, roundings: int) -> Pair:
        """p = σ'(u) changes by at most a factor e^{|δu|}, so that σ(u) moves by p (e^{|δu|} − 1); or by 1/4 and 1."""
        f = np.expm1(np.minimum(of_u, 1.0))
        lost = of_u > 1.0
        of_p = np.where(lost, 0.25, p * (f + 16 * EPS) + TINY)
        tail = np.exp(-np.abs(u))
        likely, unlikely = 1.0 / (1.0 + tail), tail / (1.0 + tail)
        size = (1.0 - y) * np.where(u > 0, likely, unlikely) + y * np.where(u > 0, unlikely, likely)
        of_residual = np.where(lost, 1.0, p * f + TINY) + 12 * EPS * size + roundings * EPS * y
        return of_p, of_residual

    @staticmethod
    def clip(at: Tasks, wanted: Float) -> Float:
        """Between −y and 1 − y, a little inside where these are rounded or soft."""
        low, high = _ends(at)
        return np.clip(wanted, -low, high)

    @staticmethod
    def share(at: Tasks, point: Float, move: Float) -> float:
        """To the ends that ``clip`` keeps."""
        low, high = _ends(at)
        room = np.maximum(np.where(move < 0, low + point, high - point), 0.0)
        size = np.abs(move)
        short = size > room
        return float((room[short] / size[short]).min()) if short.any() else 1.0

    @staticmethod
    def inside(at: Tasks, theta: float | Float, deviation: Float) -> Float | None:
        """``clip`` has seen to it."""
        return None

    @staticmethod
    def bound(at: Tasks, g: Float, moved: Float | None) -> Float:
        """Σ_k h(q_k) less its rounding."""
        y, no = at.targets, 1.0 - at.targets
        pi = np.minimum(np.maximum(y + g, 0.0), np.maximum(no - g, 0.0))
        eta = _rounding(at, g) + 2 * UNIT * pi
        if moved is not None:
            eta += moved
        safe = (pi > 0.0) & (eta <= 0.5 * pi)
        L = -np.log(pi, where=safe, out=np.zeros_like(pi))
        h = pi * L - (1.0 - pi) * np.log1p(-pi)
        least = np.where(safe, h * (1.0 - gamma(20)) - eta * (L + 1.0), 0.0)
        return at.block_sums(np.maximum(least, 0.0)) * (1.0 - gamma(max(at.classes))) - max(at.classes) * UNDERFLOW

    @staticmethod
    def room(at: Tasks, deviation: Float) -> Float:
        """A third of min(q, q') less what rounding may take of it."""
        pi = np.minimum(at.targets + deviation, (1.0 - at.targets) - deviation)
        return np.asarray(np.maximum(pi - 2.0 * _rounding(at, deviation), 0.0) / 3.0)

    @staticmethod
    def tilt(at: Tasks, deviation: Float, weight: Float) -> Float:
        """q e^b / (q e^b + q') − y, the b of each row found by Newton's method; q = y + deviation."""
        return sigmoid_tilt(at, deviation, weight)

    @staticmethod
    def pulls(at: Tasks) -> Bool:
        """Up where y > 0, down where y < 1."""
        labelled = True if at.row_labelled is None else at.row_labelled
        ends = ((at.targets > 0.0) & labelled, (1.0 - at.targets > 0.0) & labelled)
        return np.stack([end.any(axis=1) for end in ends], axis=1)

    @staticmethod
    def tilt_by(at: Tasks, deviation: Float, b: Float) -> Float:
        """q e^b / (q e^b + q') − y, q = y + deviation."""
        y, no = at.targets, 1.0 - at.targets
        tilted = sigmoid_by(np.maximum(y + deviation, 0.0), np.maximum(no - deviation, 0.0), y, no, b)
        return tilted if at.row_labelled is None else np.where(at.row_labelled, tilted, 0.0)

    @staticmethod
    def tilt_curvature(at: Tasks, deviation: Float, weight: Float) -> list[Float]:
        """Σ_l a_l q q'."""
        y = at.targets
        slopes = np.maximum(y + deviation, 0.0) * np.maximum((1.0 - y) - deviation, 0.0)
        if at.row_labelled is not None:
            slopes *= at.row_labelled
        return [slopes[rows] @ weight for rows in at.blocks]

    @staticmethod
    def tilt_step(curvature: Float, drift: Float) -> Float:
        """Newton's, damped."""
        step = -drift / np.where(curvature > 0.0, curvature, 1.0)
        return np.where(curvature > 0.0, np.clip(step, -SIGMOID, SIGMOID), 0.0)

    @staticmethod
    def takes(targets: Float) -> bool:
        """0 ≤ y ≤ 1."""
        return bool((targets >= 0.0).all() and (targets <= 1.0).all())

    @staticmethod
    def value_in_balls(u: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """Σ_k log(1 + e^{−u_k}) + (1 − y_k) u_k, or with both signs changed and y_k for 1 − y_k: of e^{−|u|}."""
        total = flint().arb(0)
        for x, target in zip(u, y, strict=True):
            total += (-x).exp().log1p() + (1 - target) * x if x > 0 else x.exp().log1p() - target * x
        return total

    @staticmethod
    def contains(g: Sequence[Ball], y: Sequence[Ball]) -> bool:
        """0 ≤ q ≤ 1; y is, so that an end matters only to a g that goes towards it."""
        pairs = zip(g, y, strict=True)
        return all((x >= 0 or target + x >= 0) and (x <= 0 or target + x <= 1) for x, target in pairs)

    @staticmethod
    def gain(g: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """Σ_k −q_k log q_k − (1 − q_k) log(1 − q_k); at least that where a ball touches an end, whose terms are ≥ 0."""
        total = flint().arb(0)
        for x, target in zip(g, y, strict=True):
            q = target + x
            for part in (q, 1 - q):
                if part > 0:
                    total -= part * part.log()
        return total


def _ends(at: Tasks) -> tuple[Float, Float]:
    """The lower and upper bounds of a deviation."""
    low, high = at.targets, 1.0 - at.targets
    if at.row_labelled is not None:
        high = np.where(at.row_labelled, high, 0.0)
    if at.roundings:
        high = np.maximum(high - (at.roundings + 2) * UNIT, 0.0)
    share = inside_of(at.roundings)
    soft = ((low > 0.0) & (high > 0.0)) | (at.roundings > 0)
    return np.where(soft, share * low, low), np.where(soft, share * high, high)


def _rounding(at: Tasks, g: Float) -> Float:
    """η but for 2 π u."""
    y, no = at.targets, 1.0 - at.targets
    soft = (y > 0.0) & (no != 0.0)
    size = 4.0 * np.abs(g) + at.roundings * y + soft * (2.0 * y + 2.0 * np.abs(no))
    return np.asarray(UNIT * (1.0 + 2.0**-40) * size)
