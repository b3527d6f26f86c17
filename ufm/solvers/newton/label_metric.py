"""The trust region's metric where labels are about as many as rows: one stiff direction per label.

In the column l of a label k the losses' curvature D_l = c n E² ∂²ℓ is large along e_k and small beside it: what p_k
leaves of 1 is shared by all other classes. The first step of a Cholesky decomposition takes that direction out,

    D_l ≥ δ φ φᵀ,   δ = e_kᵀ D_l e_k,   φ = D_l e_k / δ,

and φ is about s Π e_k, with Π what a loss blind to shifts sees, and s = K/(K − 1) there, so that φ_k = 1. The metric is

    ‖z‖²_M = ‖dŴ‖² + ‖dĤ‖² + Σ β db̂² + Σ_labels δ (Jz)²,   Jz = ⟨φ, dŴ ĥ_l + Ŵ dĥ_l + e db̂ / E_l⟩,

β the curvature in the bias but for labels' entries. By Woodbury's identity

    M⁻¹ = M₀⁻¹ − M₀⁻¹ Jᵀ (1/δ + J M₀⁻¹ Jᵀ)⁻¹ J M₀⁻¹,   M₀ = diag(I, I, β):

one Cholesky decomposition with a row per label, and no product of size R × d × m for M⁻¹ r. Where gradients' conjugates
take hundreds of steps in the Euclidean metric, they take tens in this, and a step may be long where the losses are flat.
Source: Nocedal and Wright, Numerical Optimization, 2nd ed., sections 5.1 and A.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import LOSSES
from ufm.problems.standard_form import StandardForm
from ufm.solvers.objective import FREE, Linearization, Objective

LARGE = 10_000  # entries R m from which on fewer products pay for the decompositions
MOST_PER_ROW = 2  # labels: several tasks have more, and their decompositions would take the time
FLAT = 1e-12  # a curvature that is as good as none


Index = Tensor | slice


@dataclass(frozen=True)
class LabelMetric:
    """Labels' rows k and columns l, P each; s (P, 1); N (blind tasks, R) with Π = I − NᵀN; ĥ_l (P, d), s Ŵᵀ Π e_k (d, P);
    √(n_l ω_l) (P, 1); the bias's τ √c e and β (R, 1); and the root (P, P) of the inverted matrix.
    """

    rows: Index
    columns: Index
    scale: Tensor
    N: Tensor
    h: Tensor
    W_phi: Tensor
    size: Tensor
    e_c: Tensor
    beta: Tensor
    root: Tensor

    @staticmethod
    def fits(form: StandardForm) -> bool:
        """Whether the problem is large, and its labels few enough."""
        labels = len(form.classes) * form.columns if form.labelled is None else int(form.labelled.sum())
        return form.rows * form.columns >= LARGE and labels <= MOST_PER_ROW * form.rows

    @classmethod
    def at(cls, objective: Objective, at: Linearization) -> LabelMetric | None:
        """M at one point, None where rounding leaves the matrix indefinite."""
        form, rho, e = objective.form, objective.rho, objective.e
        found = (torch.as_tensor(part, device=rho.device) for part in (*_labels(form), *_seen(form)))
        rows, columns, scales, N = found
        c = torch.as_tensor(form.row_weights(), device=rho.device)[:, None]
        size = torch.as_tensor(np.sqrt(form.multiplicity * form.omega), device=rho.device)[columns, None]
        scale, e_c = scales[rows, None], form.tau * torch.sqrt(c) * e

        D = objective.diagonal(at)
        delta = D[rows, columns].clamp_min(FLAT)
        beside = D.index_put((rows, columns), torch.zeros_like(delta)) / objective.E**2
        beta = (rho + e**2 * beside.sum(1, keepdim=True)).clamp_min(FREE)

        Pi = torch.eye(form.rows, dtype=N.dtype, device=N.device) - N.T @ N
        of_bias = Pi * (e_c**2 / beta).T @ Pi
        once = len(columns.unique()) == len(columns)
        k, l = _index(rows, form.rows), _index(columns, form.columns)
        h = at.H_hat.T[l].contiguous()
        W_phi = ((at.W_hat - N.T @ (N @ at.W_hat))[k] * scale).T.contiguous()
        matrix = (h @ h.T) * Pi[k][:, k] + size * of_bias[k][:, k] * size.T
        matrix *= scale * scale.T
        if once:
            matrix.diagonal().add_(W_phi.square().sum(0))
        else:  # labels of one column share its dĥ
            matrix += (W_phi.T @ W_phi).masked_fill_(columns[:, None] != columns, 0.0)
        matrix.diagonal().add_(1.0 / delta)
        root, failed = torch.linalg.cholesky_ex(matrix)
        return None if failed else cls(k, l, scale, N, h, W_phi, size, e_c, beta, root)

    def solve(self, objective: Objective, r: Tensor) -> Tensor:
        """M⁻¹ r."""
        z = r.clone()
        dW, dH, db = objective.split(z)
        db.div_(self.beta)
        change = self._sees(dW, self.h) + self._sees(self.e_c * db, self.size)
        change += (dH[:, self.columns] * self.W_phi).sum(0)[:, None]
        force = torch.cholesky_solve(change, self.root).neg_()
        self._push(dW, force, self.h)
        _add(dH, 1, self.columns, self.W_phi * force.T)
        back = torch.zeros_like(db)
        self._push(back, force, self.size)
        db.addcdiv_(self.e_c * back, self.beta)
        if objective.form.lambda_b == 0.0:
            db.copy_(objective.centred(db))
        return z

    def _sees(self, x: Tensor, h: Tensor) -> Tensor:
        """s e_kᵀ Π x h of every label, x (R, d)."""
        seen = (x[self.rows] * h).sum(1) - (self.N[:, self.rows] * ((self.N @ x) @ h.T)).sum(0)
        return self.scale * seen[:, None]

    def _push(self, x: Tensor, force: Tensor, h: Tensor) -> None:
        """x += Σ_labels force s Π e_k hᵀ."""
        scaled = self.scale * force
        _add(x, 0, self.rows, scaled * h)
        x.sub_(self.N.T @ (self.N[:, self.rows] @ (scaled * h)))


def _add(x: Tensor, dim: int, index: Index, y: Tensor) -> None:
    """x += y at the index, which may name a place more than once."""
    if isinstance(index, slice):
        x.add_(y)
    else:
        x.index_add_(dim, index, y)


def _index(index: Tensor, size: int) -> Index:
    """All of them as a slice, which copies nothing."""
    return slice(None) if torch.equal(index.cpu(), torch.arange(size)) else index


def _labels(form: StandardForm) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the labels, classes of largest target."""
    rows, columns = [], []
    for t, block in enumerate(form.blocks()):
        own = np.arange(form.columns) if form.labelled is None else np.flatnonzero(form.labelled[t])
        rows.append(block.start + form.targets[block][:, own].argmax(0))
        columns.append(own)
    return np.concatenate(rows), np.concatenate(columns)


def _seen(form: StandardForm) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """s of every row (R,), and N."""
    scale, means = np.ones(form.rows), []
    for loss, K, block in zip(form.losses, form.classes, form.blocks(), strict=True):
        if LOSSES[loss].shift_blind and K > 1:
            scale[block] = K / (K - 1)
            means.append(np.zeros(form.rows))
            means[-1][block] = K**-0.5
    return scale, np.reshape(means, (len(means), form.rows))
