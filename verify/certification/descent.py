"""Finding a strictly better point by proximal-gradient steps on the convex form; beyond the paper (theory.md).

    P(Z, b) = Σ_t c^t Σ_l a_l ℓ_t(z_tl + b^t; y_tl) + τ ‖Z̃‖_* + λ_b Σ_t c^t ‖b^t‖²,   Z̃ = scaling · Z.

P at the label-mean logits of (W, H, b) is at most F there: λ_W‖W̃‖² + λ_H‖H̃‖² ≥ τ‖W̃H̃‖_*, and averaging the features
of a label lowers a convex loss. Whatever Z is found with centred blocks of the T' tasks that are blind to shifts has
rank ≤ min(R − T', m), so for d that large it is W H of an actual point whose objective is P; and where rounding leaves
it not quite centred, some point's objective is still at most P(Z, b), for min F = min P.

**Rounding.** Z = U S Vᵀ of computed factors that no one proves orthogonal, r columns each. For any,

    ‖U S Vᵀ‖_* ≤ Σ_i s_i ‖u_i‖ ‖v_i‖,      and the product as computed is within γ_{r+2} √r of that in nuclear norm.

Logits are Z / scaling, within 4u |z|, and b is added: ``logit_slack``. The rest is as in ``evaluate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from verify.certification.objective import bias_penalty, logit_slack, losses_and_residual, target_slack
from verify.losses.rounding import gamma
from verify.reading.form import Float, Form

STEPS = 40
BACKTRACKS = 12  # each divides the step by 8: from the curvature of tails of 1e-10 down to the Lipschitz constant


@dataclass(frozen=True)
class Better:
    """(Z̃, b), blocks of tasks blind to shifts centred, and P there.

    losses    (T, m) ℓ_t without c^t; residual (R, m) its gradient
    singular  (r,) s with Z̃ = U S Vᵀ, and Σ_i s_i ‖u_i‖ ‖v_i‖ ≤ stretch Σ_i s_i
    """

    form: Form
    Z: Float
    b: Float
    value: float
    losses: Float
    residual: Float
    singular: Float
    stretch: float

    @property
    def largest(self) -> float:
        """σ_max(Z̃)."""
        return float(self.singular.max())

    @cached_property
    def rounding(self) -> float:
        """What P may be above ``value`` by; looked at only where the value is low enough without it."""
        form, r = self.form, len(self.singular)
        z = self.Z / form.scaling
        sizes = [np.abs(z[rows]).max(axis=0) + np.abs(self.b[rows]).max() for rows in form.blocks]
        moved = logit_slack(form, self.losses, gamma(16) * np.stack(sizes))
        if form.roundings:
            moved += gamma(form.roundings + 2) * target_slack(form, z + self.b[:, None], self.residual)
        slack = float(np.sum(form.loss_weight * moved))
        summed = gamma((r + 4) * np.sqrt(r) + len(self.b) + self.Z.shape[1])
        slack += form.tau * float(self.singular.sum()) * (self.stretch - 1.0 + summed)
        return gamma(3 * len(self.b) + 192 + form.roundings) * self.value + slack


def better_objective(form: Form, logits: Float, b: Float, objective: float, rounding: float) -> float | None:
    """The value of ``better_logits``, or None."""
    better = better_logits(form, logits, b, objective, rounding)
    return None if better is None else better.value


def better_logits(form: Form, logits: Float, b: Float, objective: float, rounding: float) -> Better | None:
    """Logits with P(Z, b) below ``objective`` by more than both rounding errors, reached from (R, m) ``logits``.

    None if none are found. Steps start large (σ_max(Z̃)/τ, where the pull of the nuclear norm is as long as Z̃
    itself) and are divided until P falls: near a solution the curvature is far below its bound max(L s a / w).
    """
    centred, offsets = logits.copy(), b.copy()
    for loss, rows in zip(form.loss_of, form.blocks, strict=True):
        if loss.shift_blind:
            centred[rows] -= logits[rows].mean(axis=0)
            offsets[rows] -= b[rows].mean()
    Z = form.scaling * centred
    state = _evaluate(form, Z, offsets, np.asarray(np.linalg.svd(Z, compute_uv=False), dtype=np.float64))
    if state.value < objective - rounding:  # its nuclear norm needs the factors
        state = _factored(form, *np.linalg.svd(Z, full_matrices=False), offsets)
    smoothness = np.array([loss.smoothness for loss in form.loss_of])[:, None] * form.masses
    safe = 1.0 / float((smoothness.max(axis=0) * form.loss_weight / form.feature_weight).max())
    step = max(safe, state.largest / form.tau)
    for _ in range(STEPS):
        if state.value < objective - rounding and state.value < objective - rounding - state.rounding:
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
    return _evaluate(form, np.asarray((U * singular) @ Vt), b, singular, max(1.0, float(lengths.max())))


def _evaluate(form: Form, Z: Float, b: Float, singular: Float, stretch: float = 1.0) -> Better:
    """At Z̃ with Σ_i s_i ‖u_i‖ ‖v_i‖ ≤ stretch Σ_i s_i."""
    losses, residual = losses_and_residual(form, Z / form.scaling + b[:, None])
    value = float(np.sum(form.loss_weight * (form.task_weights @ losses)))
    value += form.tau * float(singular.sum()) + bias_penalty(form, b)
    return Better(form, Z, b, value, losses, residual, singular, stretch)


def _prox_step(form: Form, state: Better, step: float) -> Better:
    """Singular values shrink by step · τ; b moves in the metric of a constant column of Z̃, c^t Σ_l w_l."""
    gradient = state.residual * (form.rows_c[:, None] * form.loss_weight)
    U, singular, Vt = np.linalg.svd(state.Z - step * gradient / form.scaling, full_matrices=False)
    shrunk = np.maximum(singular - step * form.tau, 0.0)
    if form.lambda_b is None:
        return _factored(form, U, shrunk, Vt, state.b)
    metric = form.rows_c * form.feature_weight.sum()
    b = (metric * state.b - step * gradient.sum(axis=1)) / (metric + 2.0 * step * form.lambda_b * form.rows_c)
    return _factored(form, U, shrunk, Vt, b)
