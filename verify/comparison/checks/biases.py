"""Rows on the biases: zero, or what the theorem says they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verify._metrics.zero_bias import ZERO_BIAS, determined
from verify.comparison.checks.measurement import Measurement, Part
from verify.comparison.checks.row import Row, judged, not_applicable, worst
from verify.reading.form import Float

PREDICTED = "biases"
ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of the largest logit: a smaller predicted bias is zero


def bias_rows(at: Measurement) -> list[Row]:
    """max |b|, or max |b − b*| of predicted b* that are not zero, relative to the largest predicted logit.

    Logits smaller than the loss's unit count as that. Of a free bias under a loss blind to a common shift of a task's
    logits only differences within the task are determined, and only they count.
    """
    if all(part.form.lambda_b is None for part in at.parts):
        note = "the problem has no bias"
        return [not_applicable(ZERO_BIAS.name, at.geometry, at.source(), note, measured=0.0)]
    if all(np.abs(part.biases).max() <= ROUNDING * part.logit_size for part in at.parts):
        return [judged(ZERO_BIAS.name, _largest(at, lambda part: part.point.b), at.geometry, at.source())]
    measured = _largest(at, lambda part: part.point.b)
    deviation = _largest(at, lambda part: part.point.b - part.biases)
    note = "the theorem's biases are not zero"
    return [
        not_applicable(ZERO_BIAS.name, at.geometry, at.source(), note, measured=measured),
        judged(PREDICTED, deviation, at.geometry, at.citation),
    ]


def _largest(at: Measurement, of_part: Callable[[Part], Float]) -> float:
    return worst(ZERO_BIAS.deviations(determined(part.form, of_part(part)), part.logit_size).max() for part in at.parts)
