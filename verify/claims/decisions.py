"""Claims on decisions: the heads compared with the nearest class centre."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from verify._metrics.labelled_alike import labelled_alike
from verify._metrics.nearest_centre import NEAREST_CENTRE
from verify.claims._claim import NOT_APPLICABLE, claim
from verify.claims.features import class_means
from verify.claims.regime import every_feature_live, every_head_live
from verify.reading.form import Float, Form
from verify.reading.read import At
from verify.reading.remembered import remembered
from verify.reading.samples import Samples
from verify.reading.sources import label_sets, numbered

DRAWS = 1000
SEED = 5
RANK = 1e-6  # of the largest singular value
NEAR_TIE = 1e-3  # of the numbers compared: a decision closer than this is nobody's to make
FEW = 0.005  # 5 of the random features


def of_near_ties(violation: float) -> float:
    """A hundredth of a near-tie, whatever the fraction: logits and distances are linear in the Gram matrix."""
    return NEAR_TIE / 100.0


@claim(
    "nc5",
    statement=NEAREST_CENTRE.statement,
    source=f"{NEAREST_CENTRE.source}, on training features",
    margin=0.0,
    resolution=of_near_ties,
)
def nc5(at: At) -> float:
    """Fraction of samples decided differently, near-ties aside; NaN where a head or feature is zero."""
    parts = [part for whole in _decided(at) for part in labelled_alike(whole)]
    if not parts:
        return NOT_APPLICABLE
    return max(float((part.form.counts / part.form.counts.sum())[_differ(part, part.means)].sum()) for part in parts)


@claim(
    "nc5_everywhere",
    statement="for every h the heads decide for the nearest class centre",
    source=NEAREST_CENTRE.source,
    margin=FEW,
    resolution=of_near_ties,
)
def nc5_everywhere(at: At) -> float:
    """Fraction of 1000 Gaussian h (fixed seed) decided differently, near-ties aside; NaN as ``nc5``.

    Centres are those of the label tuples that occur.
    """
    parts = [part for whole in _decided(at) for part in labelled_alike(whole)]
    if not parts:
        return NOT_APPLICABLE
    return max(float(_differ(part, random_features(part)).mean()) for part in parts)


@claim(
    "nc5_by_task",
    statement="for every h each head decides for the nearest of its task's class centres",
    source="Theorem 3.1 (5) read task by task (beyond the paper)",
    margin=FEW,
    resolution=of_near_ties,
)
def nc5_by_task(at: At) -> float:
    """``nc5_everywhere`` with the centres μ_k^t of each task's classes in place of those of label tuples."""
    parts = _decided(at)
    if not parts:
        return NOT_APPLICABLE
    worst = 0.0
    for part in parts:
        occurring, means = class_means(part)
        if not occurring.all():
            return NOT_APPLICABLE
        h = random_features(part)
        for rows in part.form.blocks:
            form = _one_task(part.form, rows)
            W, b = part.point.W[rows], part.point.b[rows]
            differ = NEAREST_CENTRE.deviations(form, W, b, h, means[:, rows], part.centre, tie=NEAR_TIE)
            worst = max(worst, float(differ.mean()))
    return worst


@remembered
def random_features(part: Samples) -> Float:
    """(d, DRAWS) Gaussian on the span of the features, as long as they are; they rotate with the features.

    U Vᵀ g of the features' singular vectors U, V. What lies outside the span moves neither logits nor distances apart.
    """
    U, singular, Vt = np.linalg.svd(part.means, full_matrices=False)
    rank = int(np.sum(singular > RANK * singular[0]))
    g = _gaussian(part.means.shape[1])
    length = np.sqrt(np.sum(part.means**2) / (rank * part.means.shape[1]))
    h = np.asarray(U[:, :rank] @ (Vt[:rank] @ g) * length)
    h.setflags(write=False)
    return h


@lru_cache(maxsize=1)
def _gaussian(rows: int) -> Float:
    """(rows, DRAWS), the same each time."""
    g = np.random.default_rng(SEED).standard_normal((rows, DRAWS))
    g.setflags(write=False)
    return g


def _decided(at: At) -> tuple[Samples, ...]:
    """The parts; none where a zero head or feature ties classes, or a sample has several labels of one task or none."""
    if label_sets(at.problem) or numbered(at.problem):
        return ()
    regular = all(every_head_live(part) and every_feature_live(part) for part in at.samples)
    return at.samples if regular else ()


def _differ(part: Samples, h: Float) -> Any:
    point = part.point
    return NEAREST_CENTRE.deviations(part.form, point.W, point.b, h, part.means, part.centre, tie=NEAR_TIE)


def _one_task(form: Form, rows: slice) -> Form:
    """The form of the task that owns the rows alone, its labels the classes."""
    k = rows.stop - rows.start
    return replace(form, classes=(k,), labels=np.arange(k)[:, None])
