"""A lower bound on min F from any logits whatever: the dual of the convex form, beyond the paper (theory.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.form import Float, Form
from verify.objective import entropy


@dataclass(frozen=True)
class Bound:
    """D ≤ min F, and σ/τ, at most 1 at a global minimum."""

    value: float
    spectral_ratio: float


def plain_bound(form: Form, residual: Float) -> Bound:
    """D at q = y + θ (s p − y), θ = min(1, τ/σ), from residuals s p − y (R, m) averaged per label.

    With V_tl = c^t a_l (s_tl p_tl − y_tl) and σ = ‖diag(1/√c) V diag(1/√w)‖_2,

        D = Σ_t c^t Σ_l a_l s_tl entropy(q_tl / s_tl) − θ² Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t).

    An average over columns of one label is again such a q, with a larger entropy and no larger σ than the columns
    themselves, so nothing is lost by averaging.
    """
    sigma = _spectral_norm(_scaled(form, residual))
    theta = np.full(len(form.classes), _shrink(form.tau, sigma))
    return Bound(_value(form, residual, theta), sigma / form.tau)


def per_task_bound(form: Form, residual: Float) -> float:
    """D with a θ_t of its own for each task: θ_t = min(1, τ/σ_t), then all shrunk until the whole is ≤ τ.

    Scaling the task blocks of V apart keeps every q feasible; it closes the gap where one task is far from its
    threshold and another is near.
    """
    scaled = _scaled(form, residual)
    theta = np.array([_shrink(form.tau, _spectral_norm(scaled[rows])) for rows in form.blocks])
    theta *= _shrink(form.tau, _spectral_norm(np.repeat(theta, form.classes)[:, None] * scaled))
    return _value(form, residual, theta)


def _value(form: Form, residual: Float, theta: Float) -> float:
    total = 0.0
    for t, rows in enumerate(form.blocks):
        q = form.targets[rows] + theta[t] * residual[rows]
        total += form.task_weights[t] * float(np.sum(form.loss_weight * entropy(q)))
        drift = residual[rows] @ form.loss_weight
        total -= form.task_weights[t] * theta[t] ** 2 * float(drift @ drift) / (4.0 * form.lambda_b)
    return total


def _scaled(form: Form, residual: Float) -> Float:
    """diag(1/√c) V diag(1/√w), (R, m)."""
    return residual * np.sqrt(form.rows_c)[:, None] * (form.loss_weight / np.sqrt(form.feature_weight))


def _shrink(tau: float, sigma: float) -> float:
    return 1.0 if sigma <= tau else tau / sigma


def _spectral_norm(matrix: Float) -> float:
    """Largest singular value, through the smaller Gram matrix: squaring costs the LARGEST one no digits."""
    largest = float(np.abs(matrix).max())
    if largest == 0.0:
        return 0.0
    unit = matrix / largest
    gram = unit @ unit.T if unit.shape[0] <= unit.shape[1] else unit.T @ unit
    return largest * float(np.sqrt(np.linalg.eigvalsh(gram)[-1]))
