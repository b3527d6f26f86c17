"""log cosh as verification has it, written apart from ``solved``.

    ℓ = Σ_k log cosh(u_k − y_k),      ∂ℓ = tanh(u − y),      ∂²ℓ = 1/cosh² ≼ 1
    ℓ*(g; y) = Σ_k h(g_k) + g_k y_k,  h(g) = ½ (1 + g) log(1 + g) + ½ (1 − g) log(1 − g),      finite where |g_k| ≤ 1.

h is even and grows with |g|: of a g that is known to η, −h is bounded at |g| + η.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from verify.losses.balls import Ball, flint
from verify.losses.loss import Pair
from verify.losses.rounding import EPS, UNDERFLOW, UNIT, gamma
from verify.losses.second_order import diagonal_terms
from verify.losses.tasks import Bool, Float, Int, Tasks

INSIDE = 1.0 - 2.0**-40  # of the ends of the domain: what is left is far above rounding


class LogCosh:
    shift_blind: ClassVar[bool] = False
    smoothness: ClassVar[float] = 1.0
    attains_zero: ClassVar[bool] = True

    @staticmethod
    def mass(sums: Float) -> Float:
        return np.ones_like(sums)

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """log(1 + 2 sinh²(x/2)) near 0."""
        x = u - y
        size = np.abs(x)
        near = np.log1p(2.0 * np.sinh(0.5 * np.minimum(size, 1.0)) ** 2)
        loss = np.where(size < 1.0, near, size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0))
        return np.asarray(loss.sum(axis=0)), np.tanh(x)

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: Int, eta: Float) -> Float:
        """tanh² ≤ 2 log cosh, so η Σ |tanh| ≤ η √(2 K ℓ), and K η²/2; at most K η."""
        return np.asarray(np.fmin(eta * np.sqrt(2.0 * classes * losses) + 0.5 * classes * eta**2, classes * eta))

    @staticmethod
    def target_slack(u: Float, y: Float, residual: Float) -> Float:
        """|∂ℓ/∂y| ≤ 1."""
        return np.asarray(np.abs(y).sum(axis=0))

    @staticmethod
    def curvature(u: Float, y: Float) -> Float:
        """1/cosh²(u − y) = 4 e / (1 + e)², e = exp(−2 |u − y|)."""
        tail = np.exp(-2.0 * np.abs(u - y))
        return np.asarray(4.0 * tail / (1.0 + tail) ** 2)

    @staticmethod
    def curve(p: Float, s: Float, du: Float) -> Float:
        return np.asarray(s * p * du)

    @staticmethod
    def diagonal(p: Float, s: Float) -> Float:
        return np.asarray(s * p)

    @staticmethod
    def curved(p: Float, s: Float, du: Float, of_p: Float, of_du: Float) -> tuple[Float, Float]:
        return diagonal_terms(p, s, du, of_p, of_du)

    @staticmethod
    def spread_of_errors(u: Float, y: Float, p: Float, residual: Float, of_u: Float, roundings: int) -> Pair:
        """|p'| ≤ 2 p, so p changes by at most a factor e^{2δ}, and by 1; tanh by δ."""
        of_x = of_u + (roundings + 1) * EPS * (np.abs(u) + np.abs(y))
        of_p = np.where(of_x > 1.0, 1.0, p * (np.expm1(2.0 * np.minimum(of_x, 1.0)) + 32 * EPS))
        return of_p, np.asarray(of_x + 16 * EPS * np.abs(residual))

    @staticmethod
    def clip(at: Tasks, wanted: Float) -> Float:
        inside = np.clip(wanted, -INSIDE, INSIDE)
        return inside if at.row_labelled is None else np.where(at.row_labelled, inside, 0.0)

    @staticmethod
    def share(at: Tasks, point: Float, move: Float) -> float:
        room, size = INSIDE - np.abs(point), np.abs(move)
        outside = np.abs(point + move) > INSIDE
        return float((room[outside] / size[outside]).clip(0.0).min()) if outside.any() else 1.0

    @staticmethod
    def inside(at: Tasks, theta: float | Float, deviation: Float) -> Float | None:
        return None

    @staticmethod
    def bound(at: Tasks, g: Float, moved: Float | None) -> Float:
        """−h(|g| + η) − g y − η |y|, η of ``moved`` and 3u of |g|; −∞ where that is outside."""
        y, size = at.targets, np.abs(g)
        eta = 4 * UNIT * size + (0.0 if moved is None else moved)
        far = (size + eta) * (1.0 + 2 * UNIT)
        within = np.minimum(far, INSIDE)
        near = 0.5 * np.log1p(-(within**2)) + within * np.arctanh(within)  # which cancels two digits at most
        h = np.where(within < 0.5, near, 0.5 * (1 + within) * np.log1p(within) + 0.5 * (1 - within) * np.log1p(-within))
        h = np.where(far > 1.0, np.inf, np.where(far > INSIDE, np.log(2.0), h)) * (1.0 + gamma(300))
        error = gamma(max(at.classes) + 8) * (h + size * np.abs(y)) + (eta + at.roundings * UNIT * size) * np.abs(y)
        total = at.block_sums(-h - g * y) - at.block_sums(error) * (1.0 + gamma(max(at.classes) + 8))
        return np.asarray(total - max(at.classes) * UNDERFLOW)

    @staticmethod
    def tilt(at: Tasks, deviation: Float, weight: Float) -> Float:
        """tanh(artanh g + b) = (g + t)/(1 + g t), t = tanh b, by Newton's method in b."""
        weights = np.broadcast_to(weight, deviation.shape)
        if at.row_labelled is not None:
            weights = weights * at.row_labelled
        tilted = deviation
        for _ in range(60):
            slope = (weights * (1.0 - tilted) * (1.0 + tilted)).sum(axis=1)
            t = np.tanh(np.clip(-(weights * tilted).sum(axis=1) / slope, -0.5, 0.5))[:, None]
            tilted = np.clip((tilted + t) / (1.0 + tilted * t), -INSIDE, INSIDE)
        return tilted if at.row_labelled is None else np.where(at.row_labelled, tilted, 0.0)

    @staticmethod
    def room(at: Tasks, deviation: Float) -> Float:
        return np.asarray((1.0 - np.abs(deviation)) / 3.0)

    @staticmethod
    def pulls(at: Tasks) -> Bool:
        return np.ones((len(at.targets), 2), dtype=bool)

    @staticmethod
    def tilt_by(at: Tasks, deviation: Float, b: Float) -> Float:
        t = np.tanh(b)[:, None]
        tilted = np.clip((deviation + t) / (1.0 + deviation * t), -INSIDE, INSIDE)
        return tilted if at.row_labelled is None else np.where(at.row_labelled, tilted, 0.0)

    @staticmethod
    def tilt_curvature(at: Tasks, deviation: Float, weight: Float) -> list[Float]:
        slopes = (1.0 - deviation) * (1.0 + deviation)
        if at.row_labelled is not None:
            slopes = slopes * at.row_labelled
        return [slopes[rows] @ weight for rows in at.blocks]

    @staticmethod
    def tilt_step(curvature: Float, drift: Float) -> Float:
        return np.clip(-drift / curvature, -0.5, 0.5)

    @staticmethod
    def takes(targets: Float) -> bool:
        return True

    @staticmethod
    def value_in_balls(u: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        return sum(((x - target).cosh().log() for x, target in zip(u, y, strict=True)), flint().arb(0))

    @staticmethod
    def contains(g: Sequence[Ball], y: Sequence[Ball]) -> bool:
        return all(abs(x) <= 1 for x in g)

    @staticmethod
    def gain(g: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """Σ_k −h(g_k) − g_k y_k; what is left out of h where a ball touches an end is ≤ 0."""
        total = flint().arb(0)
        for x, target in zip(g, y, strict=True):
            total -= x * target
            for part in (1 + x, 1 - x):
                if part > 0:
                    total -= part * part.log() / 2
        return total
