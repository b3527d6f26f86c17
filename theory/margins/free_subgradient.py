"""A subgradient of the nuclear norm that is negative off the labels, where the rank leaves a choice.

The subgradients at Z̃ = U S Vᵀ are U Vᵀ + U₂ X V₂ᵀ with ‖X‖_2 ≤ 1, where U₂ completes U in the centred space and V₂
completes V. They and the matrices that are at most −δ off the labels are two convex sets; projecting onto one and the
other in turn ends in both if they meet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory.feature_space import Float, direct_sum

STEPS = 300
DEPTHS = (1e-2, 1e-4)  # δ over the largest entry of U Vᵀ
LARGEST = 1_000_000  # entries: beyond, a step costs seconds


def negative_subgradient(
    classes: tuple[int, ...],
    polar: Float,
    factors: tuple[Float, Float],
    watched: NDArray[np.bool_],
    rounding: float,
) -> Float | None:
    """A subgradient (R, columns) below −rounding where ``watched``, or None if none is found.

    polar  U Vᵀ;  factors  U (R, rank) and Vᵀ (rank, columns)
    """
    U, Vt = factors
    if polar.size > LARGEST:
        return None
    ones = direct_sum([np.full((k, 1), 1.0 / np.sqrt(k)) @ np.full((1, k), 1.0 / np.sqrt(k)) for k in classes], 0.0)
    U2 = _complement(U @ U.T + ones)
    V2 = _complement(Vt.T @ Vt)
    for depth in DEPTHS:
        bound = -depth * float(np.abs(polar).max())
        G = polar
        for _ in range(STEPS):
            below = np.where(watched, np.minimum(G, bound), G)
            P, s, Qt = np.linalg.svd(U2.T @ (below - polar) @ V2, full_matrices=False)
            G = polar + U2 @ ((P * np.minimum(s, 1.0)) @ Qt) @ V2.T
            if float(G[watched].max()) < min(0.5 * bound, -rounding):
                return np.asarray(G)
    return None


def _complement(projection: Float) -> Float:
    """An orthonormal basis of the kernel of an orthogonal projection."""
    values, vectors = np.linalg.eigh(projection)
    return np.asarray(vectors[:, values < 0.5], dtype=np.float64)
