"""Verification's own evaluation of F, in float64, accurate where softmax tails are tiny.

A gap of 1e-13 relative to F is resolved only if every tail is: near a minimizer p(wrong class) can be 1e-8, and
p − y computed as a difference would keep half its digits. So the largest logit is taken apart: with u_max removed
from the sum, r = Σ_{k ≠ max} exp(u_k − u_max),

    lse(u) = u_max + log(1 + r),   p_k = exp(u_k − u_max) / (1 + r),   (s p − y)_max = − Σ_{k ≠ max} (s p − y)_k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.certification.norm_bound import gamma
from verify.reading.form import Float, Form
from verify.reading.label_sums import add_by_label, column_blocks
from verify.reading.point import Point

UNDERFLOW = 2.0**-1022  # the most that a product loses


def cross_entropy(u: Float, y: Float) -> tuple[Float, Float]:
    """Per column: s lse(u) − ⟨y, u⟩ as (n,), and its gradient s softmax(u) − y as (K, n); u and y are (K, n)."""
    columns = np.arange(u.shape[1])
    top = np.argmax(u, axis=0)
    below = u[top, columns] - u
    tail = np.exp(-below)
    tail[top, columns] = 0.0
    r = tail.sum(axis=0)
    s = y.sum(axis=0)
    loss = s * np.log1p(r) + (y * below).sum(axis=0)
    residual = s * (tail / (1.0 + r)) - y
    residual[top, columns] = 0.0
    residual[top, columns] = -residual.sum(axis=0)
    return loss, residual


@dataclass(frozen=True)
class Evaluation:
    """F at a point and what the certificate needs of it.

    objective  F
    rounding   a bound on the rounding error of F
    residual   (R, m) the gradient s p − y of the cross-entropy, averaged over the columns of each label
    logits     (R, m) Z = W H̄, bias excluded, at the label means H̄ of the features
    """

    objective: float
    rounding: float
    residual: Float
    logits: Float


def losses_and_residual(form: Form, u: Float, targets: Float) -> tuple[Float, Float]:
    """(T, n) CE_t, each without its c^t, and (R, n) residuals of stacked logits u (R, n)."""
    losses = np.empty((len(form.blocks), u.shape[1]))
    residual = np.empty_like(u)
    for t, rows in enumerate(form.blocks):
        losses[t], residual[rows] = cross_entropy(u[rows], targets[rows])
    return losses, residual


def loss_and_residual(form: Form, u: Float, targets: Float) -> tuple[Float, Float]:
    """(n,) Σ_t c^t CE_t and (R, n) residuals of stacked logits u (R, n)."""
    losses, residual = losses_and_residual(form, u, targets)
    return form.task_weights @ losses, residual


def logit_slack(form: Form, losses: Float, masses: Float, eta: Float) -> Float:
    """(n,) what errors of at most η (T, n) in the logits may change Σ_t c^t CE_t by; losses and masses (T, n).

    Differences u_j − u_k are then off by 2η, and so is what they are formed to in floating point. CE is
    Σ_j y_j log(1 + r_j), r_j = Σ_{k≠j} e^{u_k − u_j} off by a factor of e^{±4η}: log(1 + r_j) moves by at most
    (e^{4η} − 1) r_j / (1 + r_j) = (e^{4η} − 1)(1 − p_j) ≤ (e^{4η} − 1)(−log p_j), and CE by e^{4η} − 1 of itself.
    It also moves by at most 4 s η.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        share = np.fmin(np.expm1(4.0 * eta) * losses, 4.0 * masses * eta)
    return np.asarray(form.task_weights @ share)


def evaluate(form: Form, point: Point) -> Evaluation:
    """F and its cross-entropy gradient; each column of H counts its label's weight over that label's columns.

    **Rounding.** u = 2⁻⁵³, first order. All terms of F are ≥ 0, so what is added up is off relatively. A logit is a sum
    of d + 1 terms, within γ_{d+2} (‖w‖ ‖h‖ + |b|): ``logit_slack``. exp and log1p are within 8u, r and ⟨y, below⟩ sums
    of K terms, targets within 4u: a loss is within (2K + 40) u. Pairwise sums of n terms are within (25 + log₂ n) u
    ≤ 64u, those of B blocks B u more; weights 4u, T tasks T u. Squares: d or R terms, then n or R, weights 4u. What
    underflows counts too.

    Raises FloatingPointError where F overflows, under λ's too large for the point.
    """
    collapsed = point.collapsed  # then no copies are made
    residual = np.zeros_like(form.targets)
    loss_weight = form.loss_weight / point.share
    R, d = point.W.shape
    heads = np.einsum("ij,ij->i", point.W, point.W)
    starts = [rows.start for rows in form.blocks]
    largest_head = np.sqrt(np.maximum.reduceat(heads, starts))[:, None]
    largest_bias = np.maximum.reduceat(np.abs(point.b), starts)[:, None]
    loss = slack = 0.0
    operations = 2 * R + d + 192  # 2R ≥ 2K + T, and 192 for the constants
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->j", point.H, point.H)
        for block in column_blocks(point.index, R):
            labels = block if collapsed else point.index[block]
            u = point.W @ point.H[:, block]
            u += point.b[:, None]
            losses, gradient = losses_and_residual(form, u, form.targets[:, labels])
            weight = loss_weight[labels]
            loss += float(np.sum(weight * (form.task_weights @ losses)))
            eta = gamma(d + 16) * (largest_head * np.sqrt(squares[block]) + largest_bias)
            slack += float(np.sum(weight * logit_slack(form, losses, form.masses[:, labels], eta)))
            operations += 1
            if collapsed:
                residual[:, block] = gradient
            else:
                add_by_label(residual, gradient, point.index[block])
        penalty = form.lambda_H * float(np.sum((form.feature_weight / point.share)[point.index] * squares))
        penalty += form.lambda_W * float(form.rows_c @ heads)
        penalty += form.lambda_b * float(form.rows_c @ point.b**2)
        objective = loss + penalty
    if not np.isfinite(objective):
        raise FloatingPointError("the objective overflows float64 at this point; scale W and H down")
    logits = point.W @ point.means
    underflow = form.lambda_H * point.H.size * form.feature_weight.max() + len(point.index) * R * form.loss_weight.max()
    underflow += (form.lambda_W * point.W.size + form.lambda_b * R + len(point.index)) * form.task_weights.max()
    rounding = gamma(operations) * objective + slack * (1.0 + gamma(operations)) + float(underflow) * UNDERFLOW
    return Evaluation(objective, rounding, residual / point.share, logits)
