"""Claims on the features: collapse, the sum of heads, self-duality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verify._metrics.directions import largest_norm
from verify._metrics.property import Property
from verify._metrics.self_duality import SELF_DUALITY
from verify._metrics.sum_of_heads import SUM_OF_HEADS, general_weights, summed_heads
from verify._metrics.tag_wise_sum import TAG_WISE_SUM
from verify._metrics.variability import COLLAPSE
from verify.claims._claim import NOT_APPLICABLE, claim
from verify.claims.regime import every_feature_live, every_head_live, live_features, of_classes
from verify.reading.form import Float, Form
from verify.reading.read import At
from verify.reading.remembered import remembered
from verify.reading.samples import Samples
from verify.reading.sources import label_sets, label_tuples

CANCELLED = 0.3  # of the longest: a difference or sum shorter than this has lost too many digits to have a direction


@claim("nc1", **COLLAPSE.stated)
def nc1(at: At) -> float:
    """max ‖h − μ‖ / max ‖h‖; NaN for one column per label, where collapse is built in, so use method="gradient".

    Where every feature is zero what is left of them is rounding, without a shape: NaN too.
    """
    if all(len(part.point.index) == len(part.form.counts) for part in at.samples):
        return NOT_APPLICABLE
    live = [part for part in at.samples if live_features(part).any()]
    worst = [COLLAPSE.deviations(part).max() / largest_norm(part.point.H) for part in live]
    return float(max(worst, default=NOT_APPLICABLE))


@claim("nc4", **SUM_OF_HEADS.stated)
def nc4(at: At) -> float:
    """max_l ‖h̃_l − s_l/‖s_l‖‖, s = Σ_t w_{k_t}^t, h̃ = (h − μ_G)/‖h − μ_G‖; NaN where one is zero, or Problem (4)."""
    return _from_sums(at, lambda form: np.ones((len(form.classes), len(form.counts))))


@claim(
    "nc4_weighted",
    statement="h̃ = Σ_t √(c^t K_t) w_{k_t}^t, normalized, for every label (k_1, …, k_T)",
    source="Appendix B.2 (4), eq. 17",
)
def nc4_weighted(at: At) -> float:
    """``nc4`` with the weights of the general form."""
    return _from_sums(at, general_weights)


def _from_sums(at: At, weights: Callable[[Form], Float]) -> float:
    if not label_tuples(at.problem):
        return NOT_APPLICABLE
    (part,) = at.samples
    if not every_feature_live(part) or not every_head_live(part):
        return NOT_APPLICABLE
    sums = summed_heads(part.form, part.point.W, weights(part.form))
    if _cancelled(sums, part.point.W.T):
        return NOT_APPLICABLE
    return _apart(SUM_OF_HEADS, part, part.means, sums)


def _cancelled(vectors: Float, of: Float) -> bool:
    """Whether a column is too short beside the longest it was computed from."""
    return bool((np.linalg.norm(vectors, axis=0) < CANCELLED * largest_norm(of)).any())


def _apart(told: Property, part: Samples, means: Float, targets: Float) -> float:
    """The largest deviation of means (d, n) from the directions of targets (d, n); NaN where centred means cancel."""
    if _cancelled(means - part.centre[:, None], means):
        return NOT_APPLICABLE
    directions = targets / np.linalg.norm(targets, axis=0)
    return float(told.deviations(means, part.centre, largest_norm(means), directions).max())


@claim("self_duality", **SELF_DUALITY.stated)
def self_duality(at: At) -> float:
    """max_{t,k} ‖μ̃_k^t − w̃_k^t‖ over classes with samples; NaN if one is zero, for label sets, without classes."""
    if label_sets(at.problem) or not of_classes(at):
        return NOT_APPLICABLE
    worst = 0.0
    for part in at.samples:
        if not every_head_live(part):
            return NOT_APPLICABLE
        occurring, means = class_means(part)
        heads = part.point.W[occurring].T
        if _cancelled(heads, heads) or not means.any():
            return NOT_APPLICABLE
        worst = float(np.maximum(worst, _apart(SELF_DUALITY, part, means, heads)))
    return worst


@remembered
def class_means(part: Samples) -> tuple[Any, Float]:
    """Rows (class k of task t) that have samples, and the mean feature (d, rows) of each."""
    weights = part.form.indicators * part.form.counts
    totals = weights.sum(axis=1)
    occurring = totals > 0
    return occurring, part.means @ (weights[occurring] / totals[occurring, None]).T


@claim("tag_wise_sum", **TAG_WISE_SUM.stated)
def tag_wise_sum(at: At) -> float:
    """max_S ‖h_S − C_m Σ_{k∈S} w_k‖ / ‖h_S‖, C_m the mean fit over the sets of size m; NaN where one is zero."""
    if not label_sets(at.problem):
        return NOT_APPLICABLE
    (part,) = at.samples
    sums = summed_heads(part.form, part.point.W, np.ones((1, len(part.form.counts))))
    if not live_features(part).all() or _cancelled(sums, part.point.W.T):
        return NOT_APPLICABLE
    return float(TAG_WISE_SUM.deviations(part, sums).max())
