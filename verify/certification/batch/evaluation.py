"""F and the residuals at many points: ``verify.certification.objective`` with the problem last.

**Rounding.** As there, but that sums over m labels run one by one, so that they are within m u: all terms are ≥ 0, and
what they add up to is off relatively by that much more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.certification.batch.stacked import Stacked
from verify.certification.objective import UNDERFLOW, losses_and_residual
from verify.losses.rounding import gamma
from verify.reading.form import Float


@dataclass(frozen=True)
class Evaluations:
    """F (B,), a bound on its rounding error (B,), and the residuals ∂ℓ side by side (R, m B)."""

    objective: Float
    rounding: Float
    residual: Float


def evaluations(at: Stacked) -> Evaluations:
    """F with its rounding, infinite or NaN where it overflows."""
    (R, d, _), m, form = at.W.shape, at.H.shape[1], at.wide
    operations = 2 * R + d + m + 192 + max(form.roundings - 4, 0)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        u = logits(at).reshape(R, -1)
        losses, residual = losses_and_residual(form, u)
        loss = (at.loss_weight * (at.task_weights[:, None] * at.apart(losses)).sum(axis=0)).sum(axis=0)
        heads, squares = np.einsum("ijp,ijp->ip", at.W, at.W), np.einsum("ijp,ijp->jp", at.H, at.H)
        starts = [rows.start for rows in form.blocks]
        largest_head = np.sqrt(np.maximum.reduceat(heads, starts))[:, None]
        largest_bias = np.maximum.reduceat(np.abs(at.b), starts)[:, None]
        eta = gamma(d + 16) * (largest_head * np.sqrt(squares) + largest_bias)
        moved = _moved_by_logits(at, losses, eta.reshape(len(starts), -1))
        if form.roundings:
            moved += gamma(form.roundings + 2) * _moved_by_targets(at, u, residual)
        slack = (at.loss_weight * moved).sum(axis=0)
        penalty = at.lambda_H * (at.feature_weight * squares).sum(axis=0)
        penalty += at.lambda_W * (at.rows_c * heads).sum(axis=0)
        penalty += at.lambda_b * (at.rows_c * at.b**2).sum(axis=0)
        objective = loss + penalty
        largest_c = at.task_weights.max(axis=0)
        underflow = (
            at.lambda_H * (d * m) * at.feature_weight.max(axis=0) + m * R * at.loss_weight.max(axis=0) * largest_c
        )
        underflow += (at.lambda_W * (R * d) + at.lambda_b * R + m) * largest_c
        rounding = gamma(operations) * objective + slack * (1.0 + gamma(operations)) + underflow * UNDERFLOW
    return Evaluations(objective, rounding, residual)


def logits(at: Stacked) -> Float:
    """(R, m, B) W H + b."""
    u: Float = at.W[:, 0, None] * at.H[0]
    for k in range(1, len(at.H)):
        u += at.W[:, k, None] * at.H[k]
    u += at.b[:, None]
    return u


def _moved_by_logits(at: Stacked, losses: Float, eta: Float) -> Float:
    """(m, B) what errors of at most η (T, m B) in the logits may change Σ_t c^t ℓ_t by."""
    form = at.wide
    parts = [
        group.loss.logit_slack(losses[t], form.masses[t], form.class_column[t], eta[t])
        for group in form.groups
        for t in (group.tasks,)
    ]
    share = np.concatenate(parts)
    if form.labelled is not None:
        share[~form.labelled] = 0.0
    return np.asarray((at.task_weights[:, None] * at.apart(share)).sum(axis=0))


def _moved_by_targets(at: Stacked, u: Float, residual: Float) -> Float:
    """(m, B) what a relative change of all targets by ε may change Σ_t c^t ℓ_t by, over ε, beyond ε of itself."""
    form, total = at.wide, np.zeros_like(at.loss_weight)
    for c, loss, rows in zip(at.task_weights, form.loss_of, form.blocks, strict=True):
        slack = loss.target_slack(u[rows], form.targets[rows], residual[rows])
        if slack is not None:
            total += c * at.apart(slack)
    return total
