"""MNC3 / NC3: how far class means are from the heads of their classes."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import direction_distances, largest_norm, unit_columns
from verify._metrics.measured import Undefined
from verify._metrics.property import Property
from verify.reading.form import Float, Int
from verify.reading.samples import Samples

SELF_DUALITY = Property(
    name="class features along their heads",
    statement="the centred mean feature of class k of task t points along w_k^t",
    source="Theorem 3.2 (3)",
    codes=("MNC3", "NC3"),
    deviations=direction_distances,
)


def squared_distances_to_heads(samples: Samples) -> Float:
    """(m,) ‖μ̃_k − w̃_k‖² over the classes with samples, μ̃ = (μ − μ_G)/‖μ − μ_G‖; NaN where either is zero.

    MNC3 of Table 6 is their average over k and t.
    """
    return _squared_distances(samples, samples.means, samples.centre, samples.form.labels[:, 0])


def single_label_duality(samples: Samples) -> float:
    """Ave_k ‖μ̃_k − w̃_k‖² over the classes with samples of multiplicity 1, centred by the mean of those samples (NC3).

    Undefined where no sample has multiplicity 1.
    """
    labels, counts = samples.form.labels, samples.form.counts
    single = np.flatnonzero(labels.sum(axis=1) == 1)
    if not len(single):
        raise Undefined("no sample has a single label")
    means = samples.means[:, single]
    centre = means @ (counts[single] / counts[single].sum())
    return float(np.mean(_squared_distances(samples, means, centre, np.argmax(labels[single], axis=1))))


def _squared_distances(samples: Samples, means: Float, centre: Float, classes: Int) -> Float:
    W = samples.point.W
    heads = unit_columns(W[classes].T, largest_norm(W.T))
    return SELF_DUALITY.deviations(means, centre, largest_norm(samples.means), heads) ** 2
