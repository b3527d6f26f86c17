"""Unit vectors, and which vectors count as zero."""

from __future__ import annotations

import numpy as np

from verify.reading.form import Float

ZERO = 64 * float(np.finfo(np.float64).eps)  # of the vectors it was computed from: what is left is rounding
ZERO_SHARE = 1e-6  # of √F: a head whose penalty is a millionth squared of F is what a solver leaves of zero


def unit_columns(vectors: Float, size: float) -> Float:
    """Columns of (d, n) over their norms; NaN for a column no longer than rounding in numbers of the given size."""
    norms = np.linalg.norm(vectors, axis=0)
    nonzero = norms > ZERO * size
    return np.where(nonzero, vectors / np.where(nonzero, norms, 1.0), np.nan)


def head_cosines(W: Float, size: float) -> Float:
    """(R, R) cosines of the rows of W (R, d); NaN where a row is zero beside heads of the given size."""
    directions = unit_columns(W.T, size)
    return directions.T @ directions


def largest_norm(vectors: Float) -> float:
    """Of the columns of (d, n)."""
    return float(np.linalg.norm(vectors, axis=0).max())


def direction_distances(features: Float, centre: Float, size: float, targets: Float) -> Float:
    """(n,) ‖h̃ − s̃‖, h̃ = (h − μ_G)/‖h − μ_G‖, of features (d, n) of the given size and unit targets s̃ (d, n)."""
    return np.asarray(np.linalg.norm(unit_columns(features - centre[:, None], size) - targets, axis=0))
