"""Claims on the features: collapse, the sum of heads, self-duality."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify._metrics.sum_of_heads import summed_heads
from verify.claims._claim import NOT_APPLICABLE, claim
from verify.claims.regime import every_feature_live, every_head_live, live_features
from verify.reading.form import Float
from verify.reading.read import At
from verify.reading.samples import Samples
from verify.reading.sources import label_sets, label_tuples

CANCELLED = 0.3  # of the longest: a difference or sum shorter than this has lost too many digits to have a direction


@claim("nc1", statement="samples of one label have one feature", source="Theorems 3.1 (1), 3.2 (1) and 5.1 (1)")
def nc1(at: At) -> float:
    """max ‖h − μ‖ / max ‖h‖; NaN for one column per label, where collapse is built in, so use method="gradient".

    Where every feature is zero what is left of them is rounding, without a shape: NaN too.
    """
    if all(len(part.point.index) == len(part.form.counts) for part in at.samples):
        return NOT_APPLICABLE
    worst = [_scatter(part) for part in at.samples if live_features(part).any()]
    return max(worst, default=NOT_APPLICABLE)


def _scatter(part: Samples) -> float:
    scatter = np.linalg.norm(part.point.H - part.means[:, part.point.index], axis=0)
    return float(scatter.max() / np.linalg.norm(part.point.H, axis=0).max())


@claim(
    "nc4",
    statement="h̃ = Σ_t w_{k_t}^t, normalized, for every label (k_1, …, k_T)",
    source="Theorem 3.1 (4); Theorem 5.1 (4); Section 5.2 for task-balanced counts",
)
def nc4(at: At) -> float:
    """max_l ‖h̃_l − s_l/‖s_l‖‖, s = Σ_t w_{k_t}^t, h̃ = (h − μ_G)/‖h − μ_G‖; NaN where one is zero, or Problem (4)."""
    return _from_sums(at, np.ones(len(at.problem.classes)))


@claim(
    "nc4_weighted",
    statement="h̃ = Σ_t √(c^t K_t) w_{k_t}^t, normalized, for every label (k_1, …, k_T)",
    source="Appendix B.2 (4), eq. 17",
)
def nc4_weighted(at: At) -> float:
    """``nc4`` with the weights of the general form."""
    return _from_sums(at, np.sqrt(at.problem.task_weights * np.array(at.problem.classes)))


def _from_sums(at: At, weights: Float) -> float:
    if not label_tuples(at.problem):
        return NOT_APPLICABLE
    (part,) = at.samples
    if not every_feature_live(part) or not every_head_live(part):
        return NOT_APPLICABLE
    per_label = np.broadcast_to(weights[:, None], (len(weights), len(part.form.counts)))
    return _largest_angle(part, summed_heads(part.form, part.point.W, per_label))


def _largest_angle(part: Samples, targets: Float) -> float:
    """max_l ‖h̃_l − s_l/‖s_l‖‖; NaN where h_l − μ_G or s_l nearly cancels."""
    centred = part.means - part.centre[:, None]
    lengths, sums = np.linalg.norm(centred, axis=0), np.linalg.norm(targets, axis=0)
    shortest = CANCELLED * float(np.linalg.norm(part.means, axis=0).max())
    if (lengths < shortest).any() or (sums < CANCELLED * float(np.linalg.norm(part.point.W, axis=1).max())).any():
        return NOT_APPLICABLE
    return float(np.linalg.norm(centred / lengths - targets / sums, axis=0).max())


@claim(
    "self_duality",
    statement="the centred mean feature of class k of task t points along w_k^t",
    source="Theorem 3.2 (3)",
)
def self_duality(at: At) -> float:
    """max_{t,k} ‖μ̃_k^t − w̃_k^t‖ over classes with samples; NaN where one is zero, or several labels at once."""
    if label_sets(at.problem):
        return NOT_APPLICABLE
    worst = 0.0
    for part in at.samples:
        if not every_head_live(part):
            return NOT_APPLICABLE
        occurring, means = class_means(part)
        W = part.point.W[occurring]
        centred = means - part.centre[:, None]
        lengths, norms = np.linalg.norm(centred, axis=0), np.linalg.norm(W, axis=1)
        longest = float(np.linalg.norm(means, axis=0).max())
        if (lengths < CANCELLED * longest).any() or (norms < CANCELLED * norms.max()).any() or longest == 0:
            return NOT_APPLICABLE
        worst = max(worst, float(np.linalg.norm(centred / lengths - (W / norms[:, None]).T, axis=0).max()))
    return worst


def class_means(part: Samples) -> tuple[Any, Float]:
    """Rows (class k of task t) that have samples, and the mean feature (d, rows) of each."""
    weights = part.form.indicators * part.form.counts
    totals = weights.sum(axis=1)
    occurring = totals > 0
    return occurring, part.means @ (weights[occurring] / totals[occurring, None]).T


@claim(
    "tag_wise_sum",
    statement="h_S = C_m Σ_{k∈S} w_k with one C_m for all label sets S of size m",
    source="Li et al. 2024, Theorem 1 (multi-label)",
)
def tag_wise_sum(at: At) -> float:
    """max_S ‖h_S − C_m Σ_{k∈S} w_k‖ / ‖h_S‖, C_m the mean fit over the sets of size m; NaN where one is zero."""
    if not label_sets(at.problem):
        return NOT_APPLICABLE
    (part,) = at.samples
    sums = summed_heads(part.form, part.point.W, np.ones((1, len(part.form.counts))))
    shortest = CANCELLED * float(np.linalg.norm(part.point.W, axis=1).max())
    if not live_features(part).all() or (np.linalg.norm(sums, axis=0) < shortest).any():
        return NOT_APPLICABLE
    scale = np.einsum("ij,ij->j", part.means, sums) / np.einsum("ij,ij->j", sums, sums)
    sizes = part.form.labels.sum(axis=1)
    for m in np.unique(sizes):
        scale[sizes == m] = scale[sizes == m].mean()
    return float((np.linalg.norm(part.means - scale * sums, axis=0) / np.linalg.norm(part.means, axis=0)).max())
