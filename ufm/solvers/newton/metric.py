"""The trust region's metric where the columns of Ŵ Ĥ are decades apart.

    ‖z‖²_M = Σ_r dŵ_rᵀ A_r dŵ_r + Σ_l dĥ_lᵀ B_l dĥ_l + ‖db̂‖²,
    A_r = I + Σ_l D_rl ĥ_l ĥ_lᵀ,   B_l = I + Σ_r D_rl ŵ_r ŵ_rᵀ,   D = c n E² diag ∂²ℓ,

the diagonal blocks of the Gauss–Newton Hessian, with the losses' own curvature D. A rare label's small feature
then moves as far, compared with itself, as a frequent one's large feature.
Source: Tong, Ma, Chi, Accelerating ill-conditioned low-rank matrix estimation via scaled gradient descent, JMLR 2021,
which has one A and one B.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ufm.solvers.objective import Linearization, Objective

MOST_ENTRIES = 4_000_000  # of all blocks: beyond, they would take more memory and time than the products they save


@dataclass(frozen=True)
class Metric:
    """A_r⁻¹ (R, d, d) and B_l⁻¹ (m, d, d) of the module's equation."""

    inverse_A: Tensor
    inverse_B: Tensor

    @staticmethod
    def entries(rows: int, columns: int, dim: int) -> int:
        """(R + m) d² numbers, or 0 where they would be more than MOST_ENTRIES and there is no metric."""
        entries = (rows + columns) * dim**2
        return entries if entries <= MOST_ENTRIES else 0

    @classmethod
    def at(cls, objective: Objective, at: Linearization) -> Metric | None:
        """M at one point, None if its blocks are too large, or 1 is lost beside their entries."""
        form = objective.form
        if not cls.entries(form.rows, form.columns, objective.dim):
            return None
        D = objective.diagonal(at)
        A = (at.H_hat * D[:, None]) @ at.H_hat.T
        B = (at.W_hat.T * D.T[:, None]) @ at.W_hat
        for blocks in (A, B):
            blocks.diagonal(dim1=1, dim2=2).add_(1.0)
        return cls(inverse(A), inverse(B))

    def solve(self, objective: Objective, r: Tensor) -> Tensor:
        """M⁻¹ r."""
        W_hat, H_hat, b_hat = objective.split(r)
        dW = (self.inverse_A @ W_hat[..., None])[..., 0]
        dH = (self.inverse_B @ H_hat.T[..., None])[..., 0].T
        return objective.join(dW, dH, b_hat)


def inverse(blocks: Tensor) -> Tensor:
    """Inverses of symmetric blocks whose eigenvalues are at least 1.

    By Cholesky; where I is lost beside a singular rest 16 decades larger, by eigenvalues that rounding may have moved
    below the 1 that they cannot be below.
    """
    factors, failed = torch.linalg.cholesky_ex(blocks)
    if not failed.any():
        return torch.cholesky_inverse(factors)
    values, vectors = torch.linalg.eigh(blocks)
    inverses: Tensor = (vectors / values.clamp_min(1.0)[..., None, :]) @ vectors.mT
    return inverses
