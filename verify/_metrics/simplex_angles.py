"""SNC2-1 / MNC2-1: how far the angles of every head are from those of a simplex equiangular tight frame."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import head_cosines, largest_norm
from verify._metrics.property import Property
from verify.reading.form import Float

SIMPLEX = "Theorem 3.1 (2); Theorem 3.2 (2); Section 5.2 for task-balanced counts"


def _deviations(W: Float, size: float | None = None) -> Float:
    """|cos(w_k, w_k') + 1/(K − 1)| over ordered pairs k ≠ k' of the rows of W (K, d), zero beside the given size."""
    cosines = head_cosines(W, largest_norm(W.T) if size is None else size)
    return np.abs(cosines[~np.eye(len(W), dtype=bool)] + 1.0 / (len(W) - 1))


ANGLES = Property(
    name="rows of each head at simplex angles",
    statement="cos(w_k^t, w_l^t) = −1/(K_t − 1) for k ≠ l",
    source=SIMPLEX,
    codes=("SNC2", "MNC2", "NC2"),
    deviations=_deviations,
)


def simplex_angles(heads: list[Float]) -> float:
    """Ave_{t, k≠k'} |cos(w_k^t, w_k'^t) + 1/(K_t − 1)|, all triples alike (SNC2-1, MNC2-1); NaN if a w is zero."""
    size = max(largest_norm(W.T) for W in heads)
    return float(np.mean(np.concatenate([ANGLES.deviations(W, size) for W in heads])))
