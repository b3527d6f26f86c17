"""Verification's own evaluation of F, in float64, accurate where losses are tiny: see ``verify.losses``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.losses.rounding import gamma
from verify.losses.tasks import stacked
from verify.reading.form import Float, Form, Int
from verify.reading.label_sums import add_by_label, column_blocks
from verify.reading.outline import Outline
from verify.reading.point import Point

UNDERFLOW = 2.0**-1022  # the most that a product loses
EVERY = slice(None)


@dataclass(frozen=True)
class Evaluation:
    """F at a point and what the certificate needs of it.

    objective  F
    rounding   a bound on the rounding error of F
    residual   (R, m) the gradient ∂ℓ_t of each task's loss, averaged over the columns of each label
    logits     (R, m) Z = W H̄, bias excluded, at the label means H̄ of the features
    """

    objective: float
    rounding: float
    residual: Float
    logits: Float


def losses_and_residual(form: Form, u: Float, columns: Int | slice = EVERY) -> tuple[Float, Float]:
    """(T, n) ℓ_t, each without its c^t, and (R, n) residuals ∂ℓ_t of logits u (R, n); both 0 without a label.

    columns  (n,) the column of the form that each of u belongs to; by default u has all of them, in order
    """
    targets = form.targets[:, columns]
    if len(form.classes) == 1:
        loss, residual = form.loss_of[0].value_and_residual(u, targets)
        losses = loss[None]
    else:
        losses, residual = np.empty((len(form.blocks), u.shape[1])), np.empty_like(u)
        for t, (one, rows) in enumerate(zip(form.loss_of, form.blocks, strict=True)):
            losses[t], residual[rows] = one.value_and_residual(u[rows], targets[rows])
    if form.labelled is not None:
        absent = ~form.labelled[:, columns]
        losses[absent] = 0.0
        residual[np.repeat(absent, form.classes, axis=0)] = 0.0
    return losses, residual


def loss_and_residual(form: Form, u: Float, columns: Int | slice = EVERY) -> tuple[Float, Float]:
    """(n,) Σ_t c^t ℓ_t and (R, n) residuals of stacked logits u (R, n)."""
    losses, residual = losses_and_residual(form, u, columns)
    return form.task_weights @ losses, residual


def logit_slack(form: Form, losses: Float, eta: Float, columns: Int | slice = EVERY) -> Float:
    """(n,) what errors of at most η (T, n) in the logits may change Σ_t c^t ℓ_t by, from the losses (T, n)."""
    masses = form.masses[:, columns]
    with np.errstate(over="ignore", invalid="ignore"):
        parts = [
            group.loss.logit_slack(losses[t], masses[t], form.class_column[t], eta[t])
            for group in form.groups
            for t in (group.tasks,)
        ]
    share = stacked(parts)
    if form.labelled is not None:
        share[~form.labelled[:, columns]] = 0.0
    return np.asarray(form.task_weights @ share)


def target_slack(form: Form, u: Float, residual: Float, columns: Int | slice = EVERY) -> Float:
    """(n,) what a relative change of all targets by ε may change Σ_t c^t ℓ_t by, over ε, beyond ε of itself."""
    y, total = form.targets[:, columns], np.zeros(u.shape[1])
    for c, loss, rows in zip(form.task_weights, form.loss_of, form.blocks, strict=True):
        slack = loss.target_slack(u[rows], y[rows], residual[rows])
        if slack is not None:
            total += c * slack
    return total


def bias_penalty(form: Outline, b: Float) -> float:
    """λ_b Σ_t c^t ‖b^t‖²; 0 without a bias."""
    return form.lambda_b * float(form.rows_c @ b**2) if form.lambda_b else 0.0


def evaluate(form: Form, point: Point) -> Evaluation:
    """F and its gradient by the logits; each column of H counts its label's weight over that label's columns.

    Raises FloatingPointError if F overflows, under λ's too large for the point.
    """
    collapsed = point.collapsed  # then no copies are made
    residual = np.empty_like(form.targets) if collapsed else np.zeros_like(form.targets)
    loss_weight = form.loss_weight if collapsed else form.loss_weight / point.share
    summed = Summed(form, point)
    for block in column_blocks(point.index, len(point.W)):
        labels = block if collapsed else point.index[block]
        gradient = summed.add(form, block, labels, loss_weight[labels])
        if collapsed:
            residual[:, block] = gradient
        else:
            add_by_label(residual, gradient, point.index[block])
    objective, rounding = summed.total()
    if not collapsed:
        residual /= point.share
    logits = point.W @ point.means
    if objective == 0.0 and exactly_zero(form, point) and not residual.any():
        rounding = 0.0
    return Evaluation(objective, rounding, residual, logits)


class Summed:
    """F, added up in blocks of columns, with a bound on its rounding.

    **Rounding.** u = 2⁻⁵³, first order. All terms of F are ≥ 0, so what is added up is off relatively. A logit is a sum
    of d + 1 terms, within γ_{d+2} (‖w‖ ‖h‖ + |b|): ``logit_slack``. exp and log1p are within 8u, sums over classes of K
    terms, targets within r u: a loss is within (2K + 40 + r) u of what ``target_slack`` leaves. Pairwise sums of n
    terms are within (25 + log₂ n) u ≤ 64u, those of B blocks B u more; weights 4u, T tasks T u. Squares: d or R terms,
    then n or R, weights 4u. What underflows counts too. F = 0 without W and H is exact where the losses are.
    """

    def __init__(self, outline: Outline, point: Point) -> None:
        self.outline, self.point = outline, point
        self.loss = self.slack = 0.0
        self.blocks = 0
        starts = [rows.start for rows in outline.blocks]
        with np.errstate(over="ignore", invalid="ignore"):
            self.heads = np.einsum("ij,ij->i", point.W, point.W)
            self.squares = np.einsum("ij,ij->j", point.H, point.H)
            self.largest_head = np.sqrt(np.maximum.reduceat(self.heads, starts))[:, None]
        self.largest_bias = np.maximum.reduceat(np.abs(point.b), starts)[:, None]

    def add(self, form: Form, block: Int | slice, labels: Int | slice, weight: Float) -> Float:
        """Adds Σ_l weight_l Σ_t c^t ℓ_t of a block of columns of H, the form's ``labels``; returns their residuals."""
        with np.errstate(over="ignore", invalid="ignore"):
            u = self.point.W @ self.point.H[:, block]
            u += self.point.b[:, None]
            losses, gradient = losses_and_residual(form, u, labels)
            self.loss += float((weight * (form.task_weights @ losses)).sum())
            eta = gamma(len(self.point.H) + 16) * (self.largest_head * np.sqrt(self.squares[block]) + self.largest_bias)
            moved = logit_slack(form, losses, eta, labels)
            if form.roundings:
                moved += gamma(form.roundings + 2) * target_slack(form, u, gradient, labels)
            self.slack += float((weight * moved).sum())
        self.blocks += 1
        return gradient

    def total(self) -> tuple[float, float]:
        """F and what rounding may have changed it by; raises FloatingPointError if it overflows."""
        form, point = self.outline, self.point
        R, d = point.W.shape
        feature_weight = form.feature_weight
        if not point.collapsed:
            feature_weight = (feature_weight / point.share)[point.index]
        with np.errstate(over="ignore", invalid="ignore"):
            penalty = form.lambda_H * float((feature_weight * self.squares).sum())
            penalty += form.lambda_W * float(form.rows_c @ self.heads)
            penalty += bias_penalty(form, point.b)
            objective = self.loss + penalty
        if not np.isfinite(objective):
            raise FloatingPointError("the objective overflows float64 at this point; scale W and H down")
        underflow = form.lambda_H * point.H.size * form.feature_weight.max()
        underflow += len(point.index) * R * form.loss_weight.max()
        underflow += (
            form.lambda_W * point.W.size + (form.lambda_b or 0.0) * R + len(point.index)
        ) * form.task_weights.max()
        operations = 2 * R + d + 192 + max(form.roundings - 4, 0) + self.blocks  # 2R ≥ 2K + T, and 192 for constants
        rounding = gamma(operations) * objective + self.slack * (1.0 + gamma(operations))
        return objective, rounding + float(underflow) * UNDERFLOW


def exactly_zero(form: Outline, point: Point) -> bool:
    """Whether, if all residuals are 0, an F of 0 is no matter of rounding: nothing but a bias that costs nothing."""
    if point.W.any() or point.H.any() or (form.lambda_b and point.b.any()) or form.roundings:
        return False
    return all(loss.attains_zero for loss in form.loss_of)
