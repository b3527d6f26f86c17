"""Rows on the heads: which are zero, simplex frames, angles between tasks, scale, biases."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import head_cosines, largest_norm
from verify._metrics.orthogonality import ORTHOGONALITY
from verify._metrics.simplex_angles import ANGLES
from verify._metrics.simplex_norms import NORMS, spread_of_norms
from verify._metrics.zero_bias import ZERO_BIAS
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
        judged(_bias_name(at), _biases(at), at.geometry, at.source()),
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
    heads = [part.point.W[part.form.blocks[t]] for part in at.parts for t in part.live_tasks]
    if not at.claims(ANGLES) or not heads:
        note = ALL_ZERO if not heads else "not a property of this regime"
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
    correlated = len(part.form.classes) == 2 and not at.claims(ORTHOGONALITY)
    check = "cos(w_1^1, w_1^2)" if correlated else ORTHOGONALITY.name
    if len(alive) < 2:
        note = ALL_ZERO if not alive else "one head is not zero"
        return [not_applicable(check, at.geometry, source, note)]
    if correlated:
        second = part.form.blocks[1].start
        expected = float(part.cosines[0, second])
        source = f"{source}, eq. 31" if at.prediction.theorem == "Theorem 5.1" else at.citation
        return [judged(check, float(_cosines(part)[0, second]), at.geometry, source, expected=expected)]
    if not at.claims(ORTHOGONALITY):
        return [not_applicable(check, at.geometry, source, "not a property of this regime")]
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
        directed = ~np.isnan(part.cosines[live])  # a zero row has no direction
        angles.append(worst(np.abs(_cosines(part) - part.cosines)[live][directed]))
        grams.append(float(np.abs(part.point.W @ part.point.W.T - part.gram)[live].max() / np.abs(part.gram).max()))
    pairs = zip(checks, (worst(angles), worst(grams)), strict=True)
    return [judged(check, value, at.geometry, at.citation) for check, value in pairs]


def _bias_name(at: Measurement) -> str:
    """That they are zero, where they are predicted to be."""
    return ZERO_BIAS.name if not any(b.any() for b in at.prediction.b) else "biases"


def _biases(at: Measurement) -> float:
    """max |b − b*|, relative to the largest predicted logit, or to 1 where logits are smaller."""
    predicted = np.split(np.concatenate(at.prediction.b), np.cumsum([len(part.gram) for part in at.parts])[:-1])
    logits = [max(1.0, float(np.abs(part.logits).max())) for part in at.parts]
    parts = zip(at.parts, predicted, logits, strict=True)
    return worst(ZERO_BIAS.deviations(part.point.b - b, z).max() for part, b, z in parts)


def _cosines(part: Part) -> Float:
    return head_cosines(part.point.W, largest_norm(part.point.W.T))
