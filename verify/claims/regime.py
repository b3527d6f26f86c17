"""Shared by the measures: which vectors of a point count as zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.certification.objective import evaluate, losses_and_residual
from verify.reading.form import Float, Form
from verify.reading.read import At
from verify.reading.remembered import remembered
from verify.reading.samples import Samples
from verify.reading.sources import label_sets, numbered

CROSS_ENTROPY = "cross-entropy"
LIVE = 1e-3  # of the longest: the theorems' regimes have no shorter vector, and one past its threshold is exactly zero
ALL_ZERO = 1e-8  # of the penalty's scale: what is left of heads past every threshold is rounding


def heads(part: Samples) -> list[Float]:
    """T arrays (K_t, d)."""
    return [part.point.W[rows] for rows in part.form.blocks]


@remembered
def live_heads(part: Samples) -> list[Float]:
    """The heads with rows that count as zero set to zero, so that their direction is ignored."""
    alive = live_rows(part)
    return [np.where(alive[rows, None], part.point.W[rows], 0.0) for rows in part.form.blocks]


@remembered
def live_rows(part: Samples) -> NDArray[np.bool_]:
    """(R,) which rows of the stacked heads are not zero.

    All are where λ_W Σ c^t ‖W^t‖² is rounding beside F at zero: beside τ/σ of it where τ < σ, the norm of the scaled
    residual at zero, as the penalty falls with λ. Zero is the minimum for τ ≥ σ alone.
    """
    form = part.form
    losses, residual = losses_and_residual(form, np.zeros_like(form.targets))
    at_zero = float(form.task_weights @ losses @ form.loss_weight)
    sigma = float(np.linalg.norm(form.scaling * (form.loss_weight / form.feature_weight) * residual))
    penalty = form.lambda_W * float(form.rows_c @ np.sum(part.point.W**2, axis=1))
    alive = _live(part.point.W.T) & (penalty > ALL_ZERO * at_zero * form.tau / max(form.tau, sigma))
    alive.setflags(write=False)  # it is remembered
    return alive


@remembered
def live_features(part: Samples) -> NDArray[np.bool_]:
    """(m,) which labels' mean features are not zero; none where every head is zero."""
    alive = _live(part.means) & live_rows(part).any()
    alive.setflags(write=False)
    return alive


def _live(vectors: Float) -> NDArray[np.bool_]:
    norms = np.linalg.norm(vectors, axis=0)
    return np.asarray(norms > LIVE * norms.max())


def every_head_live(part: Samples) -> bool:
    """No task's head is zero as a whole."""
    rows = live_rows(part)
    return all(rows[block].any() for block in part.form.blocks)


def every_feature_live(part: Samples) -> bool:
    """No label's mean feature is zero."""
    return bool(live_features(part).all())


def hard_labels(problem: Any) -> bool:
    """One-hot targets: Problem (3) or (4) without smoothing."""
    return bool(not label_sets(problem) and not numbered(problem) and problem.label_smoothing == 0)


def cross_entropy(form: Form) -> bool:
    """Every task has cross-entropy, and every sample a label in it: what the paper's closed forms are about."""
    return set(form.losses) == {CROSS_ENTROPY} and form.labelled is None


def of_classes(at: At) -> bool:
    """Rows of heads stand for classes; soft and real targets have none."""
    return not numbered(at.problem)


@remembered
def objective(at: At) -> float:
    """F at the point, of all tasks."""
    return sum(evaluate(part.form, part.point).objective for part in at.samples)


@remembered
def logit_spectrum(part: Samples) -> Float:
    """Singular values of Z̃ = diag(√c) W H diag(√n)."""
    singular = np.asarray(np.linalg.svd(part.form.scaling * (part.point.W @ part.means), compute_uv=False))
    singular.setflags(write=False)
    return singular
