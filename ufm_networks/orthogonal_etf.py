"""Heads that are simplex equiangular tight frames, orthogonal to each other: where Theorem 3.1 says training ends."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def orthogonal_etf(classes: tuple[int, ...], dim: int) -> list[Tensor]:
    """T matrices (K_t, d) of unit rows with cos(w_k^t, w_l^t) = −1/(K_t − 1) and W^t W^sᵀ = 0.

        W^t = √(K_t / (K_t − 1)) (I − 11ᵀ / K_t) in coordinates of its own

    With d ≥ Σ K_t every task owns K_t coordinates, so that features ≥ 0 reach all logits: h and h + a·1 on a task's
    coordinates have equal logits. With Σ K_t − T ≤ d < Σ K_t it owns K_t − 1.

    Raises ValueError for a smaller d. Source: Theorem 3.1; Table 3.
    """
    require_dimension(classes, dim)
    heads, start = [], 0
    for k in classes:
        simplex = np.sqrt(k / (k - 1)) * (np.eye(k) - 1.0 / k)
        if dim < sum(classes):  # Helmert's orthonormal basis of the vectors that sum to zero
            simplex = simplex @ _zero_sum_basis(k)
        head = np.zeros((k, dim))
        head[:, start : start + simplex.shape[1]] = simplex
        start += simplex.shape[1]
        heads.append(torch.tensor(head, dtype=torch.get_default_dtype()))
    return heads


def require_dimension(classes: tuple[int, ...], dim: int) -> None:
    """Raises ValueError if d < Σ K_t − T."""
    least = sum(classes) - len(classes)
    if dim < least:
        raise ValueError(
            f"feature_dim={dim} holds no orthogonal simplex ETFs of classes={classes}: they need Σ K_t − T = {least}; "
            f"feature_dim={sum(classes)} is the paper's choice"
        )


def _zero_sum_basis(k: int) -> np.ndarray:
    """(k, k − 1) orthonormal columns, each with sum zero."""
    basis = np.zeros((k, k - 1))
    for j in range(1, k):
        basis[:j, j - 1] = 1.0
        basis[j, j - 1] = -j
        basis[:, j - 1] /= np.sqrt(j * (j + 1))
    return basis
