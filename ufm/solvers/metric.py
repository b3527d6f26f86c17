"""The trust region's metric where the singular values of Ŵ Ĥ are decades apart.

    ‖z‖²_M = ⟨dŴ A, dŴ⟩ + ⟨dĤ, B dĤ⟩ + ‖db̂‖²,     A = I + Ĥ D_l Ĥᵀ,   B = I + Ŵᵀ D_r Ŵ,

with D the cross-entropy's curvature c n s E² p (1 − p), averaged over rows (D_l) and over columns (D_r). A light task's
few small features then move as far, compared with themselves, as a heavy one's large ones.
Source: Tong, Ma, Chi, Accelerating ill-conditioned low-rank matrix estimation via scaled gradient descent, JMLR 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ufm.solvers.objective import Linearization, Objective


@dataclass(frozen=True)
class Metric:
    """A⁻¹ (d, d) and B⁻¹ (d, d) of the module's equation."""

    inverse_A: Tensor
    inverse_B: Tensor

    @classmethod
    def at(cls, objective: Objective, at: Linearization) -> Metric:
        """M at one point."""
        curvature = objective.c_n_s_E * objective.E * at.p * (1.0 - at.p)
        A = (at.H_hat * curvature.mean(0)) @ at.H_hat.T
        B = at.W_hat.T @ (curvature.mean(1, keepdim=True) * at.W_hat)
        for matrix in (A, B):
            matrix.diagonal().add_(1.0)
        return cls(*(torch.cholesky_inverse(torch.linalg.cholesky(matrix)) for matrix in (A, B)))

    def solve(self, objective: Objective, r: Tensor) -> Tensor:
        """M⁻¹ r."""
        W_hat, H_hat, b_hat = objective.split(r)
        return objective.join(W_hat @ self.inverse_A, self.inverse_B @ H_hat, b_hat)
