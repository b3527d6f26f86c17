"""SNC1 / MNC1 / NC1: how far features lie from the mean of their label."""

from __future__ import annotations

import numpy as np

from verify._metrics.property import Property
from verify.reading.form import Float
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples


def _distances(samples: Samples) -> Float:
    """(n,) ‖h − μ‖ of every column of H."""
    point = samples.point
    distances = np.empty(point.H.shape[1])
    for block in column_blocks(point.index, len(point.H)):
        deviation = point.H[:, block] - samples.means[:, point.index[block]]
        distances[block] = np.linalg.norm(deviation, axis=0)
    return distances


COLLAPSE = Property(
    name="features equal the mean of their label",
    statement="samples of one label have one feature",
    source="Theorems 3.1 (1), 3.2 (1) and 5.1 (1)",
    codes=("SNC1", "MNC1", "NC1"),
    deviations=_distances,
)


def within_label_variance(samples: Samples) -> float:
    """tr Ave_{k_1…k_T, j} (h − μ)(h − μ)ᵀ over samples (Table 5, SNC1; per task Table 6, MNC1).

    μ is the mean of the samples with the same labels: the same tuple, in which no label counts as one; the same label
    set; of soft and real targets the same target. It is in squared units of features, not free of scale:
    ``variability_ratios`` has what is.
    """
    return float(samples.weight @ COLLAPSE.deviations(samples) ** 2)
