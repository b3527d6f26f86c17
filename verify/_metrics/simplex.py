"""SNC2 / MNC2: how far every head is from a simplex equiangular tight frame."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import ZERO, head_cosines, largest_norm
from verify.reading.form import Float


def simplex_angles(heads: list[Float]) -> float:
    """Ave_{t, k≠k'} |cos(w_k^t, w_k'^t) + 1/(K_t − 1)|, all triples alike (SNC2-1, MNC2-1); NaN if a w is zero."""
    size = max(largest_norm(W.T) for W in heads)
    deviations = []
    for W in heads:
        k = len(W)
        off_diagonal = ~np.eye(k, dtype=bool)
        deviations.append(np.abs(head_cosines(W, size)[off_diagonal] + 1.0 / (k - 1)))
    return float(np.mean(np.concatenate(deviations)))


def simplex_norms(heads: list[Float]) -> float:
    """Ave_t Std_k ‖w_k^t‖ / Ave_k ‖w_k^t‖, Std over the K_t rows (SNC2-2, MNC2-2); NaN if a whole head is zero."""
    norms = [np.linalg.norm(W, axis=1) for W in heads]
    size = max(float(n.max()) for n in norms)
    return float(np.mean([n.std() / n.mean() if n.mean() > ZERO * size else np.nan for n in norms]))
