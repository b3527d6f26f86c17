"""SNC1 / MNC1: how far features lie from the mean of their label."""

from __future__ import annotations

import numpy as np

from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples


def within_label_variance(samples: Samples) -> float:
    """tr Ave_{k_1…k_T, j} (h − μ)(h − μ)ᵀ over samples (Table 5, SNC1; per task Table 6, MNC1)."""
    point = samples.point
    total = 0.0
    for block in column_blocks(point.index, len(point.H)):
        deviation = point.H[:, block] - samples.means[:, point.index[block]]
        total += float(np.sum(samples.weight[block] * np.einsum("ij,ij->j", deviation, deviation)))
    return total
