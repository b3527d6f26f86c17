"""Claims on the heads: NC2, NC3, biases, and the dimension they need."""

from __future__ import annotations

import numpy as np

from verify.claims._claim import NOT_APPLICABLE, claim, of_angles
from verify.claims.regime import angles, every_head_live, heads, live_rows
from verify.reading.read import At
from verify.reading.sources import label_tuples

ANGLES = 0.01  # linear in the Gram matrix, so believed at smaller violations than distances
NC2 = "Theorem 3.1 (2); Theorem 3.2 (2); Section 5.2 for task-balanced counts"


@claim(
    "nc2_angles",
    statement="cos(w_k^t, w_l^t) = −1/(K_t − 1) for k ≠ l",
    source=NC2,
    margin=ANGLES,
    resolution=of_angles,
)
def nc2_angles(at: At) -> float:
    """max |cos(w_k^t, w_l^t) + 1/(K_t − 1)| over rows that are not zero; NaN where a whole head is."""
    worst = [0.0]
    for part in at.samples:
        if not every_head_live(part):
            return NOT_APPLICABLE
        alive = live_rows(part)
        for W, rows in zip(heads(part), part.form.blocks, strict=True):
            cosines = angles(W[alive[rows]].T)
            off_diagonal = ~np.eye(len(cosines), dtype=bool)
            worst += np.abs(cosines[off_diagonal] + 1.0 / (len(W) - 1)).tolist()
    return max(worst)


@claim(
    "nc2_norms",
    statement="‖w_k^t‖ is the same for all classes k of a task",
    source=NC2,
    margin=ANGLES,
    resolution=of_angles,
)
def nc2_norms(at: At) -> float:
    """max_t (max_k ‖w_k^t‖ − min_k ‖w_k^t‖) / mean_k ‖w_k^t‖; NaN where a whole head is zero."""
    worst = 0.0
    for part in at.samples:
        if not every_head_live(part):
            return NOT_APPLICABLE
        for W in heads(part):
            norms = np.linalg.norm(W, axis=1)
            worst = max(worst, float(np.ptp(norms) / norms.mean()))
    return worst


@claim(
    "nc2",
    statement="the rows of each head form a simplex ETF: equal norms, cosines −1/(K_t − 1)",
    source=NC2,
    margin=ANGLES,
    resolution=of_angles,
)
def nc2(at: At) -> float:
    """The larger of ``nc2_angles`` and ``nc2_norms``."""
    return float(np.maximum(nc2_angles.measure(at), nc2_norms.measure(at)))


@claim(
    "nc3",
    statement="heads of different tasks are orthogonal",
    source="Theorem 3.1 (3)",
    margin=ANGLES,
    resolution=of_angles,
)
def nc3(at: At) -> float:
    """max |cos(w_k^t, w_l^s)| over s ≠ t and rows that are not zero; NaN for one task, Problem (4), or a zero head."""
    if not label_tuples(at.problem) or len(at.problem.classes) == 1:
        return NOT_APPLICABLE
    (part,) = at.samples
    if not every_head_live(part):
        return NOT_APPLICABLE
    alive = live_rows(part)
    task = np.repeat(np.arange(len(at.problem.classes)), at.problem.classes)[alive]
    cosines = angles(part.point.W[alive].T)
    return float(np.abs(cosines[task[:, None] != task]).max())


@claim(
    "zero_bias",
    statement="every bias is zero",
    source="Theorems 3.1, 3.2 and 5.1 (proofs)",
    margin=ANGLES,
    resolution=of_angles,
)
def zero_bias(at: At) -> float:
    """max |b| over the largest |w · h|; NaN where every logit is zero."""
    worst = 0.0
    for part in at.samples:
        logits = float(np.abs(part.point.W @ part.means).max())
        if not live_rows(part).any() or logits == 0:
            return NOT_APPLICABLE
        worst = max(worst, float(np.abs(part.point.b).max()) / logits)
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
    singular = np.linalg.svd(part.form.scaling * (part.point.W @ part.means), compute_uv=False)
    return float(singular[needed - 1] / singular[0]) if len(singular) >= needed else 0.0
