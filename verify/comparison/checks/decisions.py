"""Rows on decisions: the heads compared with the nearest class centre, on the training features and on every h."""

from __future__ import annotations

import numpy as np

from verify._metrics.labelled_alike import labelled_alike
from verify._metrics.nearest_centre import NEAREST_CENTRE, disagreement_rate
from verify._metrics.tables import NO_CLASSES
from verify.comparison.checks.measurement import Measurement, Part
from verify.comparison.checks.row import Row, judged, not_applicable
from verify.reading.label_sums import BLOCK
from verify.reading.samples import Samples

DRAWS = 1000
SEED = 5
NEAR_TIE = 10.0  # geometry tolerances: a decision closer than this is not the theorem's to make


def decision_rows(at: Measurement) -> list[Row]:
    """Property 5 of Theorems 3.1 and 5.1, property 4 of Theorem 3.2: fractions of features where the two differ."""
    source = at.source(NEAREST_CENTRE)
    training, everywhere = NEAREST_CENTRE.name, f"nearest class centre on {DRAWS} random h"
    vanished = any(len(part.live_tasks) < len(part.form.classes) for part in at.parts)
    if vanished or not at.claims(NEAREST_CENTRE):
        classes = at.problem.source not in NO_CLASSES
        note = "a zero head or feature ties classes" if vanished and classes else at.unclaimed(NEAREST_CENTRE)
        return [not_applicable(check, 0.0, source, note) for check in (training, everywhere)]
    rows = [judged(training, max(disagreement_rate(part.samples) for part in at.parts), 0.0, source)]
    if at.prediction.every_feature:
        tie = NEAR_TIE * at.geometry
        return [*rows, judged(everywhere, max(_random_rate(part, tie) for part in at.parts), 0.0, source)]
    note = "claimed of training features only"
    return [*rows, not_applicable(everywhere, 0.0, source, note)]


def _random_rate(part: Part, tie: float) -> float:
    """Fraction of Gaussian h (as long as the features, fixed seed) that the two decide differently, near-ties aside.

    The largest of those in the tasks in which some samples have labels.
    """
    return max(_random_rate_of(samples, tie) for samples in labelled_alike(part.samples))


def _random_rate_of(samples: Samples, tie: float) -> float:
    form, point = samples.form, samples.point
    length = np.sqrt(np.mean(samples.means**2))
    draws = np.random.default_rng(SEED).standard_normal((len(point.H), DRAWS)) * length
    wrong = 0
    width = max(1, BLOCK // len(form.labels))
    for start in range(0, DRAWS, width):
        h = draws[:, start : start + width]
        differs = NEAREST_CENTRE.deviations(form, point.W, point.b, h, samples.means, samples.centre, tie=tie)
        wrong += int(differs.sum())
    return wrong / DRAWS
