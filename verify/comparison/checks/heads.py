"""Rows on the heads: which are zero, simplex frames, angles between tasks, scale."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import head_cosines, largest_norm
from verify._metrics.orthogonality import ORTHOGONALITY
from verify._metrics.simplex_angles import ANGLES
from verify._metrics.simplex_norms import NORMS, spread_of_norms
from verify.comparison.checks.measurement import Measurement, Part
from verify.comparison.checks.row import Row, judged, not_applicable, share, worst
from verify.reading.form import Float

ALL_ZERO = "every head is zero"


def head_rows(at: Measurement) -> list[Row]:
    """Every statement about W."""
    return [
        *_zero_heads(at),
        *_simplex(at),
        *_between_tasks(at),
        *_predicted_heads(at),
    ]


def _zero_heads(at: Measurement) -> list[Row]:
    """√(λ_W c^t ‖W^t‖² / F) of each task past its threshold, and of the rows that are zero beside others of a task."""
    rows = []
    for part in at.parts:
        form = part.form
        for t, block in enumerate(form.blocks):
            zero = ~part.live_rows[block]
            if zero.any():
                penalty = form.lambda_W * form.task_weights[t] * float(np.sum(part.point.W[block][zero] ** 2))
                root = np.sqrt(share(penalty, at.certificate.objective))
                told = "is zero" if zero.all() else f"has {np.count_nonzero(zero)} of {len(zero)} rows zero"
                rows.append(judged(f"head of task {part.first + t} {told}", root, at.vanishing, at.source()))
    return rows


def _simplex(at: Measurement) -> list[Row]:
    """Equal norms, and cos(w_k^t, w_l^t) = −1/(K_t − 1), of the heads that are not zero; the worst of them."""
    heads = [part.point.W[part.form.blocks[t]] for part in at.parts for t in part.live_tasks]
    if not at.claims(ANGLES) or not heads:
        note = ALL_ZERO if not heads else at.unclaimed(ANGLES)
        return [not_applicable(told.name, at.geometry, at.source(told), note) for told in (NORMS, ANGLES)]
    spread = worst(spread_of_norms(W) for W in heads)
    angles = worst(worst(ANGLES.deviations(W)) for W in heads)
    pairs = ((NORMS, spread), (ANGLES, angles))
    return [judged(told.name, value, at.geometry, at.source(told)) for told, value in pairs]


def _between_tasks(at: Measurement) -> list[Row]:
    """Orthogonality between tasks, or the predicted cosine of the first two heads' rows where the theorem has one."""
    if at.prediction.multi_source:
        return []
    part, source = at.parts[0], at.source(ORTHOGONALITY)
    alive = part.live_tasks
    second = part.form.blocks[1].start if len(part.form.classes) == 2 else 0
    correlated = second > 0 and not at.claims(ORTHOGONALITY) and not np.isnan(part.cosines[0, second])
    check = "cos(w_1^1, w_1^2)" if correlated else ORTHOGONALITY.name
    if len(alive) < 2:
        note = ALL_ZERO if not alive else "one head is not zero"
        return [not_applicable(check, at.geometry, source, note)]
    if correlated:
        expected = float(part.cosines[0, second])
        source = f"{source}, eq. 31" if at.prediction.theorem == "Theorem 5.1" else at.citation
        return [judged(check, float(_cosines(part)[0, second]), at.geometry, source, expected=expected)]
    if not at.claims(ORTHOGONALITY):
        return [not_applicable(check, at.geometry, source, at.unclaimed(ORTHOGONALITY))]
    heads = [part.point.W[part.form.blocks[t]] for t in alive]
    return [judged(check, worst(ORTHOGONALITY.deviations(heads)), at.geometry, source)]


def _predicted_heads(at: Measurement) -> list[Row]:
    """Every cosine and every entry of W Wᵀ as predicted; the Gram relative to its largest entry."""
    checks = ("cosines between all heads", "Gram matrix of the heads, scale included")
    alive = [part for part in at.parts if part.live_tasks]
    if not alive:
        return [not_applicable(check, at.geometry, at.citation, ALL_ZERO) for check in checks]
    angles, grams = [], []
    for part in alive:
        live = np.ix_(part.live_rows, part.live_rows)
        angles.append(worst(np.abs(_cosines(part) - part.cosines)[live].ravel()))
        grams.append(float(np.abs(part.point.W @ part.point.W.T - part.gram)[live].max() / np.abs(part.gram).max()))
    pairs = zip(checks, (worst(angles), worst(grams)), strict=True)
    return [judged(check, value, at.geometry, at.citation) for check, value in pairs]


def _cosines(part: Part) -> Float:
    return head_cosines(part.point.W, largest_norm(part.point.W.T))
