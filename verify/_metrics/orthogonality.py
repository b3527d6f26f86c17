"""SNC3: how far heads of different tasks are from orthogonal."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import head_cosines, largest_norm
from verify.reading.form import Float


def cross_task_cosines(heads: list[Float]) -> tuple[float, float]:
    """Mean and maximum of |cos(w_k^t, w_k'^t')| over k, k', t ≠ t' (SNC3 of Table 5, SNC3_max of Section 4.3).

    NaN for one task, which has no such pair, and where a head row is zero.
    """
    if len(heads) == 1:
        return np.nan, np.nan
    task = np.repeat(np.arange(len(heads)), [len(W) for W in heads])
    W = np.concatenate(heads)
    cosines = np.abs(head_cosines(W, largest_norm(W.T)))[task[:, None] != task]
    return float(cosines.mean()), float(cosines.max())
