"""Exhibiting a strictly better point: proximal-gradient steps on the convex form, beyond the paper (theory.md).

    P(Z, b) = Σ_t c^t Σ_l a_l [ s lse(z_tl + b^t) − ⟨y, z_tl + b^t⟩ ] + τ ‖Z̃‖_* + λ_b Σ_t c^t ‖b^t‖²,   Z̃ = scaling · Z.

P at the label-mean logits of (W, H, b) is at most F there: λ_W‖W̃‖² + λ_H‖H̃‖² ≥ τ‖W̃H̃‖_*, and averaging the features
of a label lowers a convex loss. Whatever Z is found with centred task blocks has rank ≤ min(R − T, m), so for d that
large it is W H of an actual point whose objective is P; and where rounding leaves it not quite centred, some point's
objective is still at most P(Z, b), for min F = min P.

**Rounding.** Z = U S Vᵀ of computed factors that no one proves orthogonal, r columns each. For any,

    ‖U S Vᵀ‖_* ≤ Σ_i s_i ‖u_i‖ ‖v_i‖,      and the product as computed is within γ_{r+2} √r of that in nuclear norm.

Logits are Z / scaling, within 4u |z|, and b is added: ``logit_slack``. The rest is as in ``evaluate``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.certification.objective import bias_penalty, logit_slack, losses_and_residual
from verify.losses.rounding import gamma
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
    if state.value < objective - rounding:  # its nuclear norm needs the factors
        state = _factored(form, *np.linalg.svd(Z, full_matrices=False), offsets)
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


def _factored(form: Form, U: Float, singular: Float, Vt: Float, b: Float) -> Better:
    """At Z̃ = U S Vᵀ, with what its factors' norms exceed 1 by."""
    lengths = np.sqrt(np.einsum("ij,ij->j", U, U)) * np.sqrt(np.einsum("ij,ij->i", Vt, Vt))
    return _evaluate(form, (U * singular) @ Vt, b, singular, max(1.0, float(lengths.max())))


def _evaluate(form: Form, Z: Float, b: Float, singular: Float, stretch: float = 1.0) -> Better:
    """At Z̃ with Σ_i s_i ‖u_i‖ ‖v_i‖ ≤ stretch Σ_i s_i."""
    logits = Z / form.scaling
    losses, residual = losses_and_residual(form, logits + b[:, None])
    value = float(np.sum(form.loss_weight * (form.task_weights @ losses)))
    nuclear = form.tau * float(singular.sum())
    value += nuclear + bias_penalty(form, b)
    sizes = [np.abs(logits[rows]).max(axis=0) + np.abs(b[rows]).max() for rows in form.blocks]
    slack = float(np.sum(form.loss_weight * logit_slack(form, losses, gamma(16) * np.stack(sizes))))
    slack += nuclear * (stretch - 1.0 + gamma((len(singular) + 4) * np.sqrt(len(singular)) + len(b) + Z.shape[1]))
    rounding = gamma(3 * len(b) + 192) * value + slack
    return Better(Z, b, value, rounding, residual, float(singular.max()))


def _prox_step(form: Form, state: Better, step: float) -> Better:
    """Singular values shrink by step · τ; b moves in the metric of a constant column of Z̃, c^t Σ_l w_l."""
    gradient = state.residual * (form.rows_c[:, None] * form.loss_weight)
    U, singular, Vt = np.linalg.svd(state.Z - step * gradient / form.scaling, full_matrices=False)
    shrunk = np.maximum(singular - step * form.tau, 0.0)
    metric = form.rows_c * form.feature_weight.sum()
    b = (metric * state.b - step * gradient.sum(axis=1)) / (metric + 2.0 * step * (form.lambda_b or 0.0) * form.rows_c)
    return _factored(form, U, shrunk, Vt, b)
