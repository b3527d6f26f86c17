"""Exhibiting a strictly better point: proximal-gradient steps on the convex form, beyond the paper (theory.md).

    P(Z, b) = Σ_t c^t Σ_l a_l [ s lse(z_tl + b^t) − ⟨y, z_tl + b^t⟩ ] + τ ‖Z̃‖_* + λ_b Σ_t c^t ‖b^t‖²,   Z̃ = scaling · Z.

P at the label-mean logits of (W, H, b) is at most F there: λ_W‖W̃‖² + λ_H‖H̃‖² ≥ τ‖W̃H̃‖_*, and averaging the features
of a label lowers a convex loss. Whatever Z is found with centred task blocks has rank ≤ min(R − T, m), so for d that
large it is W H of an actual point whose objective is P.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.certification.objective import ROUNDING, loss_and_residual
from verify.reading.form import Float, Form

STEPS = 40
BACKTRACKS = 12  # each divides the step by 8: from the curvature of tails of 1e-10 down to the Lipschitz constant


@dataclass(frozen=True)
class Better:
    """(Z̃, b), task blocks centred, and P there."""

    Z: Float
    b: Float
    value: float
    rounding: float
    residual: Float
    largest: float  # σ_max(Z̃)


def better_objective(form: Form, logits: Float, b: Float, objective: float, rounding: float) -> float | None:
    """The value of ``better_logits``, or None."""
    better = better_logits(form, logits, b, objective, rounding)
    return None if better is None else better.value


def better_logits(form: Form, logits: Float, b: Float, objective: float, rounding: float) -> Better | None:
    """Logits with P(Z, b) below ``objective`` by more than both rounding errors, reached from (R, m) ``logits``.

    None where none are found. Steps start large (σ_max(Z̃)/τ, where the pull of the nuclear norm is as long as Z̃
    itself) and are divided until P falls: near a solution the curvature is far below its bound ½ max(s a / w).
    """
    centred = np.concatenate([logits[rows] - logits[rows].mean(axis=0) for rows in form.blocks])
    offsets = np.concatenate([b[rows] - b[rows].mean() for rows in form.blocks])
    Z = form.scaling * centred
    state = _evaluate(form, Z, offsets, np.linalg.svd(Z, compute_uv=False))
    safe = 2.0 / float((form.masses.max(axis=0) * form.loss_weight / form.feature_weight).max())
    step = max(safe, state.largest / form.tau)
    for _ in range(STEPS):
        if state.value < objective - rounding - state.rounding:
            return state
        for _ in range(BACKTRACKS):
            trial = _prox_step(form, state, step)
            if trial.value < state.value:
                break
            if step <= safe:
                return None
            step = max(safe, step / 8.0)
        else:
            return None
        state = trial
    return None


def _evaluate(form: Form, Z: Float, b: Float, singular: Float) -> Better:
    logits = Z / form.scaling
    loss, residual = loss_and_residual(form, logits + b[:, None], form.targets)
    value = float(np.sum(form.loss_weight * loss)) + form.tau * float(singular.sum())
    value += form.lambda_b * float(form.rows_c @ b**2)
    sizes = np.abs(logits) + np.abs(b)[:, None]
    slack = float(form.rows_c @ (np.abs(residual) * sizes) @ form.loss_weight)
    return Better(Z, b, value, ROUNDING * (value + slack), residual, float(singular.max()))


def _prox_step(form: Form, state: Better, step: float) -> Better:
    """Singular values shrink by step · τ; b moves in the metric of a constant column of Z̃, c^t Σ_l w_l."""
    gradient = state.residual * (form.rows_c[:, None] * form.loss_weight)
    U, singular, Vt = np.linalg.svd(state.Z - step * gradient / form.scaling, full_matrices=False)
    shrunk = np.maximum(singular - step * form.tau, 0.0)
    metric = form.rows_c * form.feature_weight.sum()
    b = (metric * state.b - step * gradient.sum(axis=1)) / (metric + 2.0 * step * form.lambda_b * form.rows_c)
    return _evaluate(form, (U * shrunk) @ Vt, b, shrunk)
