"""SNC3: how far heads of different tasks are from orthogonal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verify._metrics.directions import head_cosines, largest_norm
from verify._metrics.measured import Undefined
from verify._metrics.property import Property
from verify.reading.form import Float

ONE_TASK = "one task has no other to be orthogonal to"


def _deviations(heads: Sequence[Float]) -> Float:
    """|cos(w_k^t, w_k'^t')| over k, k', t ≠ t'; NaN where a row is zero beside the longest."""
    task = np.repeat(np.arange(len(heads)), [len(W) for W in heads])
    W = np.concatenate(heads)
    cosines = head_cosines(W, largest_norm(W.T))
    return np.asarray(np.abs(cosines[task[:, None] != task]))


ORTHOGONALITY = Property(
    name="heads of different tasks are orthogonal",
    statement="heads of different tasks are orthogonal",
    source="Theorem 3.1 (3)",
    codes=("SNC3",),
    deviations=_deviations,
)


def cross_task_cosines(heads: Sequence[Float]) -> tuple[float, float]:
    """Mean and maximum of |cos(w_k^t, w_k'^t')| over k, k', t ≠ t' (SNC3 of Table 5, SNC3_max of Section 4.3).

    Undefined for one task, which has no such pair; NaN where a head row is zero.
    """
    if len(heads) == 1:
        raise Undefined(ONE_TASK)
    cosines = ORTHOGONALITY.deviations(heads)
    return float(cosines.mean()), float(cosines.max())
