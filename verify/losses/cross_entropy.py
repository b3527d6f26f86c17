"""Cross-entropy to targets y ≥ 0 of mass s = Σ_k y_k.

    ℓ(u; y) = s lse(u) − ⟨y, u⟩,      ∂ℓ = s p − y,  p = softmax(u),      ∂²ℓ v = s (p ∘ v − p ⟨p, v⟩) ≼ s/2
    ℓ*(g; y) = Σ_k q_k log(q_k/s),  q = g + y,      finite where q ≥ 0 and Σ_k q_k = s.

A gap of 1e-13 relative to F is resolved only if every tail is: near a minimizer p(wrong class) can be 1e-8, and
p − y computed as a difference would keep half its digits. So the largest logit is taken apart: with u_max removed
from the sum, r = Σ_{k ≠ max} exp(u_k − u_max),

    lse(u) = u_max + log(1 + r),   p_k = exp(u_k − u_max) / (1 + r),   (s p − y)_max = − Σ_{k ≠ max} (s p − y)_k.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from verify.losses.balls import Ball, flint
from verify.losses.best_bias import damped, softmax_by, softmax_curvature, softmax_step, softmax_tilt
from verify.losses.entropy_bound import entropy_bound
from verify.losses.loss import Pair
from verify.losses.rounding import EPS, TINY, UNIT, inside_of
from verify.losses.tasks import Bool, Float, Int, Tasks

SMALLEST = 2.0**-900  # targets below are taken for 0


class CrossEntropy:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = True
    smoothness: ClassVar[float] = 0.5
    attains_zero: ClassVar[bool] = False

    @staticmethod
    def mass(sums: Float) -> Float:
        """s = Σ_k y_k."""
        return sums

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """s log(1 + r) + Σ_k y_k (u_max − u_k), and s p − y."""
        tops = u.argmax(axis=0), np.arange(u.shape[1])
        below = u[tops] - u
        tail = np.exp(-below)
        tail[tops] = 0.0
        r, s = np.add.reduce(tail, axis=0), np.add.reduce(y, axis=0)
        loss = s * np.log1p(r) + np.add.reduce(y * below, axis=0)
        residual = s * (tail / (1.0 + r)) - y
        residual[tops] = 0.0
        residual[tops] = -np.add.reduce(residual, axis=0)
        return loss, residual

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: Int, eta: Float) -> Float:
        """min((e^{4η} − 1) ℓ, 4 s η).

        Differences u_j − u_k are off by 2η, and so is what they are formed to in floating point. ℓ is
        Σ_j y_j log(1 + r_j), r_j = Σ_{k≠j} e^{u_k − u_j} off by a factor of e^{±4η}: log(1 + r_j) moves by at most
        (e^{4η} − 1) r_j / (1 + r_j) = (e^{4η} − 1)(1 − p_j) ≤ (e^{4η} − 1)(−log p_j).
        """
        return np.asarray(np.fmin(np.expm1(4.0 * eta) * losses, 4.0 * masses * eta))

    @staticmethod
    def target_slack(u: Float, y: Float, residual: Float) -> None:
        """Nothing: ℓ is a sum of y_k (lse − u_k), each ≥ 0."""

    @staticmethod
    def curvature(u: Float, y: Float) -> Float:
        """p."""
        exponentials = np.exp(u - u.max(axis=0))
        return np.asarray(exponentials / exponentials.sum(axis=0))

    @staticmethod
    def curve(p: Float, s: Float, du: Float) -> Float:
        """s (p ∘ du − p ⟨p, du⟩)."""
        return np.asarray(s * p * (du - np.einsum("kl,kl->l", p, du)))

    @staticmethod
    def diagonal(p: Float, s: Float) -> Float:
        """s p (1 − p)."""
        return np.asarray(s * p * (1.0 - p))

    @staticmethod
    def curved(p: Float, s: Float, du: Float, of_p: Float, of_du: Float) -> tuple[Float, Float]:
        """s p (du − ⟨p, du⟩)²."""
        mean = np.einsum("kl,kl->l", p, du)
        g = du - mean
        size = np.abs(g)
        of_mean = (p * of_du + of_p * size).sum(axis=0) + (len(p) + 2) * EPS * np.abs(mean)
        of_g = of_du + of_mean + EPS * size
        errors = s * (of_p * g**2 + (p + of_p) * (2.0 * size + of_g) * of_g)
        return np.asarray(s * p * g**2), np.asarray(errors)

    @staticmethod
    def spread_of_errors(u: Float, y: Float, p: Float, residual: Float, of_u: Float, roundings: int) -> Pair:
        """|δp_k| ≤ p_k (f_k + Σ_j p_j f_j + (K + 8) ε), f_k = exp(|δu_k| + |δu_max| + ε |u_k − u_max|) − 1.

        The residual s p − y keeps the digits of its small entries where y is 0; where it is not, as under label
        smoothing, the difference is rounded by ε y.
        """
        K, columns = len(u), np.arange(u.shape[1])
        top = np.argmax(u, axis=0)
        below = u[top, columns] - u
        exponents = of_u + of_u[top, columns] + EPS * below
        f = np.expm1(np.minimum(exponents, 1.0))
        relative = f + np.sum(p * f, axis=0) + (K + 8) * EPS
        relative = relative / np.maximum(1.0 - relative.max(axis=0), 0.5)
        # no probability is off by more than 1, however wrong the logits
        of_p = np.where(relative > 0.5, 1.0, p * relative + TINY)
        s = y.sum(axis=0)
        own = s * of_p + (K + 2 + max(roundings, 4)) * EPS * (s * p + y)
        own[top, columns] = 0.0
        size = np.abs(residual)
        size[top, columns] = 0.0
        own[top, columns] = own.sum(axis=0) + K * EPS * size.sum(axis=0)
        return of_p, own

    @staticmethod
    def clip(at: Tasks, wanted: Float) -> Float:
        """max(wanted, −y), 0 without a label."""
        targets = np.where(at.targets > SMALLEST, at.targets, 0.0) if at.soft else at.targets
        clipped = np.maximum(wanted, -targets)
        return clipped if at.row_labelled is None else np.where(at.row_labelled, clipped, 0.0)

    @staticmethod
    def share(at: Tasks, point: Float, move: Float) -> float:
        """Down to q = 0."""
        room = at.targets + point
        short = (move < 0) & (-move > room)
        return max(0.0, float((room[short] / -move[short]).min())) if short.any() else 1.0

    @staticmethod
    def inside(at: Tasks, theta: float | Float, deviation: Float) -> Float | None:
        """That keep entries of q and its tops away from zero."""
        room = at.targets[at.at_tops]
        room *= max(0.0, 1.0 - max(2.0**-36, 2.0**12 * UNIT * max(at.classes) ** 2))
        down = -deviation[at.at_tops]
        over = theta * down > room
        limit = inside_of(at.roundings)
        low = (theta * deviation < -limit * at.targets).any(axis=0) if at.soft else np.False_
        if not over.any() and not low.any():
            return None
        ratio = np.where(over, room / np.where(over, theta * down, 1.0) * (1.0 - 8 * UNIT), 1.0).min(axis=0)
        return np.asarray(np.where(low, limit * ratio, ratio))

    @staticmethod
    def bound(at: Tasks, g: Float, moved: Float | None) -> Float:
        """s times the entropy of q/s less its rounding."""
        return entropy_bound(at, g, moved)

    @staticmethod
    def room(at: Tasks, deviation: Float) -> Float:
        """q/2, a little less."""
        return np.asarray(0.5 * (1.0 - 2.0**-20) * np.maximum(at.targets + deviation, 0.0))

    @staticmethod
    def tilt(at: Tasks, deviation: Float, weight: Float) -> Float:
        """q_k e^{b_k} / Σ_j q_j e^{b_j} s − y with the b of each task found by Newton's method; q = y + deviation."""
        return softmax_tilt(at, deviation, weight)

    @staticmethod
    def pulls(at: Tasks) -> Bool:
        """Up where the class has a target; the other classes pull down."""
        up = (at.targets > 0.0).any(axis=1)
        return np.stack([up, np.ones_like(up)], axis=1)

    @staticmethod
    def tilt_by(at: Tasks, deviation: Float, b: Float) -> Float:
        """q_k e^{b_k} / Σ_j q_j e^{b_j} s − y, q = y + deviation."""
        q, tilted = np.maximum(at.targets + deviation, 0.0), np.empty_like(deviation)
        for s, rows in zip(at.masses, at.blocks, strict=True):
            tilted[rows] = softmax_by(deviation[rows], q[rows], at.targets[rows], s, b[rows])
        return tilted

    @staticmethod
    def tilt_curvature(at: Tasks, deviation: Float, weight: Float) -> list[Float]:
        """Σ_l a_l (diag(q_l) − q_l q_lᵀ / s_l)."""
        q = np.maximum(at.targets + deviation, 0.0)
        return [softmax_curvature(q[rows], s, weight) for s, rows in zip(at.masses, at.blocks, strict=True)]

    @staticmethod
    def tilt_step(curvature: Float, drift: Float) -> Float:
        """Newton's, damped."""
        step = softmax_step(curvature, drift)
        return np.zeros_like(drift) if step is None else damped(step)

    @staticmethod
    def takes(targets: Float) -> bool:
        """y ≥ 0, of mass s > 0."""
        return bool((targets >= 0.0).all() and (targets.sum(axis=0) > 0.0).all())

    @staticmethod
    def value_in_balls(u: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """s log(1 + Σ_{k ≠ j} e^{u_k − u_j}) + Σ_k y_k (u_j − u_k) for any j, best a largest u_j."""
        top = 0
        for k, x in enumerate(u):
            if x > u[top]:
                top = k
        tail = slack = flint().arb(0)
        for k, (x, target) in enumerate(zip(u, y, strict=True)):
            if k != top:
                under = u[top] - x
                tail += (-under).exp()
                slack += target * under
        return s * tail.log1p() + slack

    @staticmethod
    def contains(g: Sequence[Ball], y: Sequence[Ball]) -> bool:
        """q ≥ 0."""
        return all(target + x >= 0 for x, target in zip(g, y, strict=True))

    @staticmethod
    def gain(g: Sequence[Ball], y: Sequence[Ball], s: Ball | int) -> Ball:
        """Σ_k −q_k log(q_k/s), q_k ≤ s; at least that sum where a ball for q touches zero, whose term is ≥ 0."""
        total = flint().arb(0)
        for x, target in zip(g, y, strict=True):
            q = target + x
            if q > 0:
                total -= q * (q / s).log()
        return total
