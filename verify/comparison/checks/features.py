"""Rows on the features: collapse, logits, the sum of heads, self-duality."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import largest_norm, unit_columns
from verify._metrics.property import Property
from verify._metrics.self_duality import SELF_DUALITY
from verify._metrics.sum_of_heads import SUM_OF_HEADS
from verify._metrics.variability import COLLAPSE, within_label_variance
from verify.comparison.checks.measurement import Measurement, Part
from verify.comparison.checks.row import Row, judged, not_applicable, share, worst
from verify.comparison.checks.row_space import ALL_ZERO, least_squares_row, over_columns
from verify.reading.form import Float, Int


def feature_rows(at: Measurement) -> list[Row]:
    """Every statement about H."""
    return [_collapse(at), _logits(at), least_squares_row(at), *_zero_features(at), *_sums_of_heads(at)]


def _collapse(at: Measurement) -> Row:
    """√(λ_H Σ_i w_i ‖h_i − μ‖² / F). By convexity F exceeds its value at the means by at least that square times F."""
    check, source = COLLAPSE.name, at.source(COLLAPSE)
    if all(len(part.point.index) == len(part.form.counts) for part in at.parts):
        note = "one feature per label: collapse is built in"
        return not_applicable(check, at.geometry, source, note, measured=0.0)
    scatter = sum(
        part.form.lambda_H * float(part.form.feature_weight.sum()) * within_label_variance(part.samples)
        for part in at.parts
    )
    return judged(check, np.sqrt(share(scatter, at.certificate.objective)), at.geometry, source)


def _logits(at: Measurement) -> Row:
    """max |w_k^t · h − z*| over the tasks in which h has a label, relative to ``Part.logit_size``.

    Logits of a head too small to measure may be anything from zero to twice z*: F is as low there to the tolerance.
    """
    deviations = []
    for part in at.parts:
        slack = np.where(part.live_rows[:, None], 0.0, np.abs(part.logits))
        labelled = part.form.row_labelled
        if labelled is not None:
            slack = np.where(labelled, slack, np.inf)

        def deviation(H: Float, labels: Int, part: Part = part, slack: Float = slack) -> Float:
            off = np.abs(part.point.W @ H - part.logits[:, labels])
            return np.asarray(np.maximum(off - slack[:, labels], 0.0).max(axis=0))

        deviations.append(over_columns(part, deviation) / part.logit_size)
    return judged("logits W h", worst(deviations), at.geometry, at.citation)


def _zero_features(at: Measurement) -> list[Row]:
    """√(λ_H Σ w ‖h‖² / (T F)) over labels past their threshold: each of T heads too small to measure adds to it."""
    tasks = sum(len(part.form.classes) for part in at.parts)
    penalty, seen = 0.0, False
    for part in at.parts:
        zero = ~part.live_columns[part.point.index]
        seen |= bool(zero.any())
        weight = (part.form.feature_weight / part.point.share)[part.point.index][zero]
        penalty += part.form.lambda_H * float(np.sum(weight * np.sum(part.point.H[:, zero] ** 2, axis=0)))
    if not seen:
        return []
    root = np.sqrt(share(penalty / tasks, at.certificate.objective))
    return [judged("features past their threshold are zero", root, at.vanishing, at.source())]


def _sums_of_heads(at: Measurement) -> list[Row]:
    """Property 4 of Theorems 3.1 and 5.1, property 3 of Theorem 3.2: direction, and with its scale (eqs. 14, 23, 29).

    direction  max ‖h̃ − s/‖s‖‖ over the features that are not zero, s_l = Σ_t g_tl w_{k_t}^t, h̃ centred by μ_G
    scale      max ‖h − s‖ over the same features, relative to the largest ‖s‖
    """
    multi = at.prediction.multi_source
    told = SELF_DUALITY if multi else SUM_OF_HEADS
    equal = "class features equal scaled heads" if multi else "features equal scaled sums of heads"
    checks = (told.name, f"{equal}, scale included")
    sources = (at.source(told), at.citation)
    alive = [part for part in at.parts if part.live_columns.any()]
    weighted = at.prediction.feature_weights is not None
    if not alive or not weighted or not at.claims(told):
        note = at.unclaimed(told) if alive else ALL_ZERO
        return [not_applicable(c, at.beside_zero, s, note) for c, s in zip(checks, sources, strict=True)]
    measured = (worst(_direction(part, told) for part in alive), worst(map(_scale, alive)))
    return [judged(c, v, at.beside_zero, s) for c, v, s in zip(checks, measured, sources, strict=True)]


def _direction(part: Part, told: Property) -> float:
    targets = unit_columns(part.sums, largest_norm(part.sums))
    size = largest_norm(part.point.H)

    def deviation(H: Float, labels: Int) -> Float:
        live = part.live_columns[labels]
        return told.deviations(H[:, live], part.samples.centre, size, targets[:, labels[live]])

    return over_columns(part, deviation)


def _scale(part: Part) -> float:
    size = largest_norm(part.sums)

    def deviation(H: Float, labels: Int) -> Float:
        live = part.live_columns[labels]
        return np.asarray(np.linalg.norm((H - part.sums[:, labels])[:, live], axis=0))

    return over_columns(part, deviation) / size if size > 0 else np.nan
