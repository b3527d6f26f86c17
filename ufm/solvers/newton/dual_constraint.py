"""The dual constraint ‖G‖_2 ≤ 1 of the convex form, whose residual G may be large."""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.newton.trust_region import State
from ufm.solvers.objective import Objective

RESIDUAL_ROUNDING = 64 * 2.0**-52  # of softmax's entries, whose logits are tens at most
LARGE = 250_000  # entries from which on an SVD is what takes the time


def spectral_norm(matrix: Tensor) -> float:
    """‖X‖_2, of a large X by the smaller Gram matrix: rounding there is relative to the largest eigenvalue, ‖X‖_2²."""
    if matrix.numel() < LARGE:
        return float(torch.linalg.matrix_norm(matrix, 2))
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(torch.linalg.eigvalsh(gram)[-1].clamp_min(0.0).sqrt())


def spectral_excess(objective: Objective, state: State) -> float:
    """max(0, σ/τ − 1) less its rounding: by how much the scaled residual's spectral norm breaks the dual constraint.

    Soft targets leave residuals as differences of equal numbers, whose rounding σ then shows; one-hot targets do not.
    """
    rounding = RESIDUAL_ROUNDING * float(objective.cancelled(state.at).norm())
    return max(0.0, spectral_norm(state.at.G) - 1.0 - rounding)
