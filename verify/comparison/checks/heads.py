"""Rows on the heads: which are zero, simplex frames, angles between tasks, scale, biases."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import head_cosines, largest_norm
from verify.comparison.checks.measurement import Measurement, Part
from verify.comparison.checks.row import Row, judged, not_applicable, worst
from verify.reading.form import Float

ALL_ZERO = "every head is zero"


def head_rows(at: Measurement) -> list[Row]:
    """Every statement about W and b."""
    return [
        *_zero_heads(at),
        *_simplex(at),
        *_between_tasks(at),
        *_predicted_heads(at),
        judged("biases are zero", _biases(at), at.geometry, at.source()),
    ]


def _zero_heads(at: Measurement) -> list[Row]:
    """√(λ_W c^t ‖W^t‖² / F) of each task past its threshold."""
    rows = []
    for part in at.parts:
        form = part.form
        for t, block in enumerate(form.blocks):
            if t not in part.live_tasks:
                penalty = form.lambda_W * form.task_weights[t] * float(np.sum(part.point.W[block] ** 2))
                share = np.sqrt(penalty / at.certificate.objective)
                rows.append(judged(f"head of task {part.first + t} is zero", share, at.vanishing, at.source()))
    return rows


def _simplex(at: Measurement) -> list[Row]:
    """Equal norms, and cos(w_k^t, w_l^t) = −1/(K_t − 1), of the heads that are not zero; the worst of them."""
    checks = ("rows of each head have equal norms", "rows of each head at simplex angles")
    heads = [part.point.W[part.form.blocks[t]] for part in at.parts for t in part.live_tasks]
    if "NC2" not in at.prediction.properties or not heads:
        note = ALL_ZERO if not heads else "not a property of this regime"
        return [not_applicable(check, at.geometry, at.source(2), note) for check in checks]
    norms = [np.linalg.norm(W, axis=1) for W in heads]
    spread = worst(_relative(float(np.ptp(n)), float(n.mean())) for n in norms)
    angles = worst(_largest(_simplex_deviation(W)) for W in heads)
    return [judged(check, v, at.geometry, at.source(2)) for check, v in zip(checks, (spread, angles), strict=True)]


def _between_tasks(at: Measurement) -> list[Row]:
    """Orthogonality between tasks, or the predicted cosine of the first two heads' rows where the theorem has one."""
    if at.prediction.multi_source:
        return []
    part = at.parts[0]
    alive = part.live_tasks
    correlated = len(part.form.classes) == 2 and "NC3" not in at.prediction.properties
    check = "cos(w_1^1, w_1^2)" if correlated else "heads of different tasks are orthogonal"
    if len(alive) < 2:
        note = ALL_ZERO if not alive else "one head is not zero"
        return [not_applicable(check, at.geometry, at.source(3), note)]
    cosines = _cosines(part)
    if correlated:
        second = part.form.blocks[1].start
        expected = float(part.cosines[0, second])
        source = f"{at.source(3)}, eq. 31" if at.prediction.theorem == "Theorem 5.1" else at.citation
        return [judged(check, float(cosines[0, second]), at.geometry, source, expected=expected)]
    if "NC3" not in at.prediction.properties:
        return [not_applicable(check, at.geometry, at.source(3), "not a property of this regime")]
    task = np.repeat(np.arange(len(part.form.classes)), part.form.classes)
    pairs = (task[:, None] != task) & part.live_rows & part.live_rows[:, None]
    return [judged(check, _largest(np.abs(cosines[pairs])), at.geometry, at.source(3))]


def _predicted_heads(at: Measurement) -> list[Row]:
    """Every cosine and every entry of W Wᵀ as predicted; the Gram relative to its largest entry."""
    checks = ("cosines between all heads", "Gram matrix of the heads, scale included")
    alive = [part for part in at.parts if part.live_tasks]
    if not alive:
        return [not_applicable(check, at.geometry, at.citation, ALL_ZERO) for check in checks]
    angles, grams = [], []
    for part in alive:
        live = np.ix_(part.live_rows, part.live_rows)
        angles.append(_largest(np.abs(_cosines(part) - part.cosines)[live]))
        grams.append(float(np.abs(part.point.W @ part.point.W.T - part.gram)[live].max() / np.abs(part.gram).max()))
    pairs = zip(checks, (worst(angles), worst(grams)), strict=True)
    return [judged(check, value, at.geometry, at.citation) for check, value in pairs]


def _biases(at: Measurement) -> float:
    """max |b|, relative to the largest predicted logit, or to 1 where logits are smaller."""
    return worst(float(np.abs(part.point.b).max()) / max(1.0, float(np.abs(part.logits).max())) for part in at.parts)


def _cosines(part: Part) -> Float:
    return head_cosines(part.point.W, largest_norm(part.point.W.T))


def _simplex_deviation(W: Float) -> Float:
    k = len(W)
    off_diagonal = ~np.eye(k, dtype=bool)
    return np.abs(head_cosines(W, largest_norm(W.T))[off_diagonal] + 1.0 / (k - 1))


def _largest(values: Float) -> float:
    """NaN where any value is: a zero head where the theorem has none must fail."""
    return float(np.max(values))


def _relative(value: float, size: float) -> float:
    return value / size if size > 0 else np.nan
