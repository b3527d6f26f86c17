"""SNC2-2 / MNC2-2: how far the rows of every head are from equally long."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import ZERO, largest_norm
from verify._metrics.property import Property
from verify._metrics.simplex_angles import SIMPLEX
from verify.reading.form import Float


def _deviations(W: Float, size: float | None = None) -> Float:
    """(K,) ‖w_k‖ / Ave ‖w‖ − 1; NaN where all of W (K, d) is zero beside vectors of the given size."""
    norms = np.linalg.norm(W, axis=1)
    mean, longest = float(norms.mean()), float(norms.max()) if size is None else size
    return norms / mean - 1.0 if mean > ZERO * longest else np.full(len(W), np.nan)


NORMS = Property(
    name="rows of each head have equal norms",
    statement="‖w_k^t‖ is the same for all classes k of a task",
    source=SIMPLEX,
    codes=("SNC2", "MNC2", "NC2"),
    deviations=_deviations,
)


def simplex_norms(heads: list[Float]) -> float:
    """Ave_t Std_k ‖w_k^t‖ / Ave_k ‖w_k^t‖, Std over the K_t rows (SNC2-2, MNC2-2); NaN if a whole head is zero."""
    size = max(largest_norm(W.T) for W in heads)
    return float(np.mean([NORMS.deviations(W, size).std() for W in heads]))


def spread_of_norms(W: Float) -> float:
    """(max_k ‖w_k‖ − min_k ‖w_k‖) / Ave_k ‖w_k‖ of one head; NaN if it is zero."""
    return float(np.ptp(NORMS.deviations(W)))
