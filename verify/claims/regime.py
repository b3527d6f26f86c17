"""What the measures share: a solution read form by form, and which of its vectors count as zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify._metrics.samples import Samples, samples_of
from verify.reading.form import Float, forms
from verify.reading.point import read_point

LIVE = 1e-3  # of the longest: the theorems' regimes have no shorter vector, and one past its threshold is exactly zero
ALL_ZERO = 1e-8  # of F at zero, by penalty: what is left of heads past every threshold is rounding


def parts(problem: Any, solution: Any) -> tuple[Samples, ...]:
    """The solution's features with their statistics: one of Problem (3) or pick-all-label, T of Problem (4)."""
    points = read_point(problem, solution, None, None, None, None)
    return tuple(samples_of(form, point) for form, point in zip(forms(problem), points, strict=True))


def heads(part: Samples) -> list[Float]:
    """T arrays (K_t, d)."""
    return [part.point.W[rows] for rows in part.form.blocks]


def live_rows(part: Samples) -> NDArray[np.bool_]:
    """(R,) which rows of the stacked heads are not zero."""
    form = part.form
    at_zero = float((form.task_weights * np.log(form.classes)) @ form.masses @ form.loss_weight)
    penalty = form.lambda_W * float(form.rows_c @ np.sum(part.point.W**2, axis=1))
    return _live(part.point.W.T) & (penalty > ALL_ZERO * at_zero)


def live_features(part: Samples) -> NDArray[np.bool_]:
    """(m,) which labels' mean features are not zero; none where every head is zero."""
    return _live(part.means) & live_rows(part).any()


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
    return bool(problem.source != "multilabel" and problem.label_smoothing == 0)


def angles(vectors: Float) -> Float:
    """(n, n) cosines of the columns of (d, n), none of them zero."""
    unit = vectors / np.linalg.norm(vectors, axis=0)
    return np.asarray(unit.T @ unit)
