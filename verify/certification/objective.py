"""Verification's own evaluation of F, in float64, accurate where softmax tails are tiny.

A gap of 1e-13 relative to F is resolved only if every tail is: near a minimizer p(wrong class) can be 1e-8, and
p − y computed as a difference would keep half its digits. So the largest logit is taken apart: with u_max removed
from the sum, r = Σ_{k ≠ max} exp(u_k − u_max),

    lse(u) = u_max + log(1 + r),   p_k = exp(u_k − u_max) / (1 + r),   (s p − y)_max = − Σ_{k ≠ max} (s p − y)_k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.reading.form import Float, Form
from verify.reading.label_sums import add_by_label, column_blocks
from verify.reading.point import Point

ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of the sum of absolute terms: a bound on their accumulated errors


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


def entropy(q: Float) -> Float:
    """−Σ_k q_k log(q_k / s) of columns q (K, n) ≥ 0 with sum s, the largest entry read as s − the others."""
    columns = np.arange(q.shape[1])
    s = q.sum(axis=0)
    pi = q / np.where(s > 0, s, 1.0)
    pi[np.argmax(pi, axis=0), columns] = 0.0
    t = pi.sum(axis=0)
    logs = np.log(np.where(pi > 0, pi, 1.0))
    return np.asarray(-s * ((pi * logs).sum(axis=0) + (1.0 - t) * np.log1p(-t)))


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


def loss_and_residual(form: Form, u: Float, targets: Float) -> tuple[Float, Float]:
    """(n,) Σ_t c^t CE_t and (R, n) residuals of stacked logits u (R, n)."""
    total = np.zeros(u.shape[1])
    residual = np.empty_like(u)
    for c, rows in zip(form.task_weights, form.blocks, strict=True):
        loss, residual[rows] = cross_entropy(u[rows], targets[rows])
        total += c * loss
    return total, residual


def evaluate(form: Form, point: Point) -> Evaluation:
    """F and its cross-entropy gradient; each column of H counts its label's weight over that label's columns.

    Raises FloatingPointError where F overflows, under λ's too large for the point.
    """
    residual = np.zeros_like(form.targets)
    loss_weight = form.loss_weight / point.share
    head_norms = np.linalg.norm(point.W, axis=1)
    loss = slack = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for block in column_blocks(point.index, len(point.W)):
            labels = point.index[block]
            features = point.H[:, block]
            u = point.W @ features + point.b[:, None]
            losses, gradient = loss_and_residual(form, u, form.targets[:, labels])
            loss += float(np.sum(loss_weight[labels] * losses))
            sizes = head_norms[:, None] * np.linalg.norm(features, axis=0) + np.abs(point.b)[:, None]
            slack += float(np.sum(loss_weight[labels] * (form.rows_c @ (np.abs(gradient) * sizes))))
            add_by_label(residual, gradient, labels)
        squares = np.einsum("ij,ij->j", point.H, point.H)
        penalty = form.lambda_H * float(np.sum((form.feature_weight / point.share)[point.index] * squares))
        penalty += form.lambda_W * float(form.rows_c @ np.einsum("ij,ij->i", point.W, point.W))
        penalty += form.lambda_b * float(form.rows_c @ point.b**2)
        objective = loss + penalty
    if not np.isfinite(objective):
        raise FloatingPointError("the objective overflows float64 at this point; scale W and H down")
    logits = point.W @ point.means
    return Evaluation(objective, ROUNDING * (objective + slack), residual / point.share, logits)
