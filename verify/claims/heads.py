"""Claims on the heads: NC2, NC3, biases, and the dimension they need."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import head_cosines, largest_norm
from verify._metrics.orthogonality import ORTHOGONALITY
from verify._metrics.property import largest
from verify._metrics.simplex_angles import ANGLES, SIMPLEX
from verify._metrics.simplex_norms import NORMS, spread_of_norms
from verify._metrics.zero_bias import ZERO_BIAS, determined
from verify.claims._claim import NOT_APPLICABLE, claim, of_angles
from verify.claims.regime import every_head_live, heads, live_heads, live_rows, logit_spectrum, of_classes
from verify.reading.form import Float
from verify.reading.read import At
from verify.reading.remembered import remembered
from verify.reading.sources import label_tuples

SMALL = 0.01  # linear in the Gram matrix, so believed at smaller violations than distances


@claim("nc2_angles", **ANGLES.stated, margin=SMALL, resolution=of_angles)
@remembered
def nc2_angles(at: At) -> float:
    """max |cos(w_k^t, w_l^t) + 1/(K_t − 1)| over live rows; NaN where a whole head is zero, and without classes."""
    if not of_classes(at) or not all(every_head_live(part) for part in at.samples):
        return NOT_APPLICABLE
    return max(largest(ANGLES.deviations(W)) for part in at.samples for W in live_heads(part))


@claim("nc2_norms", **NORMS.stated, margin=SMALL, resolution=of_angles)
@remembered
def nc2_norms(at: At) -> float:
    """max_t (max_k ‖w_k^t‖ − min_k ‖w_k^t‖) / mean_k ‖w_k^t‖; NaN where a whole head is zero, and without classes."""
    if not of_classes(at) or not all(every_head_live(part) for part in at.samples):
        return NOT_APPLICABLE
    return max(spread_of_norms(W) for part in at.samples for W in heads(part))


@claim(
    "nc2",
    statement="the rows of each head form a simplex ETF: equal norms, cosines −1/(K_t − 1)",
    source=SIMPLEX,
    margin=SMALL,
    resolution=of_angles,
)
def nc2(at: At) -> float:
    """The larger of ``nc2_angles`` and ``nc2_norms``."""
    return float(np.maximum(nc2_angles.measure(at), nc2_norms.measure(at)))


@claim(
    "orthogonal_rows",
    statement="the rows of each head are orthogonal",
    source="Tirer and Bruna (2022) of squared error, one task of balanced classes, no bias",
    margin=SMALL,
    resolution=of_angles,
)
def orthogonal_rows(at: At) -> float:
    """max |cos(w_k^t, w_l^t)| over k ≠ l and live rows; NaN where a whole head is zero, and without classes."""
    if not of_classes(at) or not all(every_head_live(part) for part in at.samples):
        return NOT_APPLICABLE
    return max(_largest_cosine(W) for part in at.samples for W in live_heads(part))


def _largest_cosine(W: Float) -> float:
    cosines = head_cosines(W, largest_norm(W.T))
    return largest(np.abs(cosines[~np.eye(len(W), dtype=bool)]))


@claim("nc3", **ORTHOGONALITY.stated, margin=SMALL, resolution=of_angles)
def nc3(at: At) -> float:
    """max |cos(w_k^t, w_l^s)| over s ≠ t and rows that are not zero; NaN for one task, Problem (4), or a zero head."""
    if not label_tuples(at.problem) or len(at.problem.classes) == 1:
        return NOT_APPLICABLE
    (part,) = at.samples
    if not every_head_live(part):
        return NOT_APPLICABLE
    return largest(ORTHOGONALITY.deviations(live_heads(part)))


@claim("zero_bias", **ZERO_BIAS.stated, margin=SMALL, resolution=of_angles)
def zero_bias(at: At) -> float:
    """max |b| over the largest |w · h|; NaN where every logit is zero, and without bias.

    Of a free bias under a loss that does not see a common shift of a task's logits, b less its mean.
    """
    if at.problem.lambda_b is None:
        return NOT_APPLICABLE
    worst = 0.0
    for part in at.samples:
        logits = float(np.abs(part.point.W @ part.means).max())
        if not live_rows(part).any() or logits == 0:
            return NOT_APPLICABLE
        worst = max(worst, largest(ZERO_BIAS.deviations(determined(part.form, part.point.b), logits)))
    return worst


@claim(
    "smaller_dim",
    statement="the minimum of Problem (3) is attained with d = Σ K_t − T − 1 too",
    source="Theorem 3.1, hypothesis d ≥ Σ K_t − T, weakened by one",
    resolution=of_angles,
)
def smaller_dim(at: At) -> float:
    """σ_{R−T}(Z̃) / σ_1(Z̃), Z̃ = diag(√c) W H diag(√n); NaN where the heads are zero, or R − T = 1.

    The minimizer Z̃ of the convex form is unique, and min F at dimension d equals min P exactly where rank Z̃ ≤ d. By
    Weyl's inequality a σ_{R−T} of the certified point above its distance from the minimizer, which the resolution
    bounds, proves rank R − T. So no solve at the smaller dimension, whose certificate would be inconclusive, is needed.
    """
    needed = sum(at.problem.classes) - len(at.problem.classes)
    if not label_tuples(at.problem) or needed == 1:
        return NOT_APPLICABLE
    (part,) = at.samples
    if not live_rows(part).any():
        return NOT_APPLICABLE
    singular = logit_spectrum(part)
    return float(singular[needed - 1] / singular[0]) if len(singular) >= needed else 0.0
