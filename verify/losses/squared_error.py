"""Squared error, the one loss here with a factor ½.

    ℓ(u; y) = ½ ‖u − y‖²,      ∂ℓ = u − y,      ∂²ℓ v = v,      ℓ*(g; y) = ½ ‖g‖² + ⟨g, y⟩, finite everywhere.

**Rounding of −ℓ*.** u = 2⁻⁵³; targets are within r u. Where Σ_l a_l g_l = 0, y less any constant of each row gives the
same Σ_l a_l ⟨g_l, y_l⟩, and a mean y far from 0 costs no digits.

    y less a constant              r u |y| + u |y − constant| =: δy
    −g (½ g + y)                   g 3u, sum and product 3u: 8u |g| (½ |g| + |y|) + |g| δy
    entries moved by η             η (|g| + |y| + η)
    Σ_k                            K u Σ |g| (½ |g| + |y|)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from verify.losses.balls import Ball, flint
from verify.losses.loss import Pair
from verify.losses.rounding import EPS, UNDERFLOW, UNIT, gamma
from verify.losses.second_order import diagonal_terms
from verify.losses.tasks import Bool, Float, Int, Tasks


class SquaredError:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = False
    smoothness: ClassVar[float] = 1.0
    attains_zero: ClassVar[bool] = True

    @staticmethod
    def mass(sums: Float) -> Float:
        """1."""
        return np.ones_like(sums)

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """½ ‖u − y‖² and u − y."""
        residual = u - y
        return np.asarray(0.5 * np.einsum("kl,kl->l", residual, residual)), residual

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: Int, eta: Float) -> Float:
        """η Σ_k |u_k − y_k| + K η²/2 ≤ η √(2 K ℓ) + K η²/2."""
        return np.asarray(eta * np.sqrt(2.0 * classes * losses) + 0.5 * classes * eta**2)

    @staticmethod
    def target_slack(u: Float, y: Float, residual: Float) -> Float:
        """Σ_k |u_k − y_k| |y_k|."""
        return np.asarray((np.abs(residual) * np.abs(y)).sum(axis=0))

    @staticmethod
    def curvature(u: Float, y: Float) -> Float:
        """1."""
        return np.ones_like(u)

    @staticmethod
    def curve(p: Float, s: Float, du: Float) -> Float:
        """du."""
        return np.asarray(s * du)

    @staticmethod
    def diagonal(p: Float, s: Float) -> Float:
        """1."""
        return np.asarray(s * p)

    @staticmethod
    def curved(p: Float, s: Float, du: Float, of_p: Float, of_du: Float) -> tuple[Float, Float]:
        """du²."""
        return diagonal_terms(p, s, du, of_p, of_du)

    @staticmethod
    def spread_of_errors(u: Float, y: Float, p: Float, residual: Float, of_u: Float, roundings: int) -> Pair:
        """0 and |δu| + |δy| + ε |u − y|."""
        return np.zeros_like(p), np.asarray(of_u + roundings * EPS * np.abs(y) + EPS * np.abs(residual))

    @staticmethod
    def clip(at: Tasks, wanted: Float) -> Float:
        """Anything will do, where there is a label."""
        return wanted.copy() if at.row_labelled is None else np.where(at.row_labelled, wanted, 0.0)

    @staticmethod
    def share(at: Tasks, point: Float, move: Float) -> float:
        """All of it."""
        return 1.0

    @staticmethod
    def inside(at: Tasks, theta: float | Float, deviation: Float) -> Float | None:
        """There is no outside."""
        return None

    @staticmethod
    def bound(at: Tasks, g: Float, moved: Float | None) -> Float:
        """−½ ‖g‖² − ⟨g, y⟩ less its rounding."""
        y = at.targets
        off = at.roundings * UNIT * np.abs(y)
        if moved is not None:
            y = y - (_means(at) if at.centre is None else at.centre)[:, None]
        size = np.abs(g)
        terms = size * (0.5 * size + np.abs(y))
        error = gamma(max(at.classes) + 12) * terms + size * (off * (1.0 + 2.0**-40) + 2 * UNIT * np.abs(y))
        if moved is not None:
            error += moved * (size + np.abs(y) + off + moved) * (1.0 + 2.0**-40)
        value = -at.block_sums(g * (0.5 * g + y)) - at.block_sums(error) * (1.0 + gamma(max(at.classes) + 8))
        return np.asarray(value - max(at.classes) * UNDERFLOW)

    @staticmethod
    def room(at: Tasks, deviation: Float) -> Float:
        """Infinite."""
        return np.full(deviation.shape, np.inf)

    @staticmethod
    def tilt(at: Tasks, deviation: Float, weight: Float) -> Float:
        """The deviation less its weighted mean, twice over: the first leaves rounding of its own."""
        weights = np.broadcast_to(weight, deviation.shape)
        if at.row_labelled is not None:
            weights = weights * at.row_labelled
        tilted, total = deviation, weights.sum(axis=1)
        for _ in range(2):
            mean = (weights * tilted).sum(axis=1) / np.where(total > 0.0, total, 1.0)
            tilted = tilted - mean[:, None]
            if at.row_labelled is not None:
                tilted = np.where(at.row_labelled, tilted, 0.0)
        return tilted

    @staticmethod
    def pulls(at: Tasks) -> Bool:
        """Always both ways."""
        return np.ones((len(at.targets), 2), dtype=bool)

    @staticmethod
    def tilt_by(at: Tasks, deviation: Float, b: Float) -> Float:
        """The deviation plus b."""
        tilted = deviation + b[:, None]
        return tilted if at.row_labelled is None else np.where(at.row_labelled, tilted, 0.0)

    @staticmethod
    def tilt_curvature(at: Tasks, deviation: Float, weight: Float) -> list[Float]:
        """Σ_l a_l."""
        labelled = np.ones_like(deviation) if at.row_labelled is None else at.row_labelled
        return [labelled[rows] @ weight for rows in at.blocks]

    @staticmethod
    def tilt_step(curvature: Float, drift: Float) -> Float:
        """Newton's, which is exact."""
        return np.asarray(-drift / np.where(curvature > 0.0, curvature, 1.0))

    @staticmethod
    def takes(targets: Float) -> bool:
        """Any."""
        return True

    @staticmethod
    def value_in_balls(u: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """½ Σ_k (u_k − y_k)²."""
        return sum(((x - target) ** 2 for x, target in zip(u, y, strict=True)), flint().arb(0)) / 2

    @staticmethod
    def contains(g: Sequence[Ball], y: Sequence[Ball]) -> bool:
        """Everything is inside."""
        return True

    @staticmethod
    def gain(g: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """Σ_k −g_k (½ g_k + y_k)."""
        return -sum((x * (x / 2 + target) for x, target in zip(g, y, strict=True)), flint().arb(0))


def _means(at: Tasks) -> Float:
    """(R',) the mean target of each row where there is a label."""
    if at.row_labelled is None:
        return np.asarray(at.targets.mean(axis=1))
    return np.asarray((at.targets * at.row_labelled).sum(axis=1) / at.row_labelled.sum(axis=1))
