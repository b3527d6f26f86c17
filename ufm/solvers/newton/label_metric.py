"""The trust region's metric where labels are about as many as rows: one stiff direction per label.

In the column l of a label k the losses' curvature D_l = c n E² ∂²ℓ is large along e_k and small beside it: what p_k
leaves of 1 is shared by all other classes. The first step of a Cholesky decomposition takes that direction out,

    D_l ≥ δ φ φᵀ,   δ = e_kᵀ D_l e_k,   φ = D_l e_k / δ,

and φ is about s Π e_k, with Π what a loss blind to shifts sees, and s = K/(K − 1) there, so that φ_k = 1. The metric is

    ‖z‖²_M = ⟨dŴ, dŴ A⟩ + ⟨dĤ, B dĤ⟩ + Σ β db̂² + Σ_labels δ (Jz)²,   Jz = ⟨φ, dŴ ĥ_l + Ŵ dĥ_l + e db̂ / E_l⟩,
    A = I + Σ_l D̄_l ĥ_l ĥ_lᵀ,   B = I + Σ_r D̄_r ŵ_r ŵ_rᵀ,

with D̄ the means, over rows and over columns, of the curvature beside the labels, and β that in the bias. A and B are I
where it is small, as it is for hard labels. By Woodbury's identity, with M₀ = diag(A, B, β),

    M⁻¹ = M₀⁻¹ − M₀⁻¹ Jᵀ (1/δ + J M₀⁻¹ Jᵀ)⁻¹ J M₀⁻¹:

one Cholesky decomposition with a row per label, and no product of size R × d × m for M⁻¹ r. Conjugate gradients that
take hundreds of steps in the Euclidean metric take tens in this, and where losses are flat a step may be long.
Source: Nocedal and Wright, Numerical Optimization, 2nd ed., sections 5.1 and A.1; Tong, Ma, Chi, Accelerating
ill-conditioned low-rank matrix estimation via scaled gradient descent, JMLR 2021, for A and B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import LOSSES
from ufm.problems.standard_form import StandardForm
from ufm.solvers.newton.large import large
from ufm.solvers.newton.metric import inverse
from ufm.solvers.objective import FREE, Linearization, Objective

MOST_PER_ROW = 2  # labels: several tasks have more, and their decompositions would take the time
SMALL = 0.1  # mean curvature beside the labels that the penalty's 1 outweighs
FLAT = 1e-12  # a curvature that is as good as none

Index = Tensor | slice


@dataclass(frozen=True)
class LabelMetric:
    """M⁻¹ of the module's equation, in P labels.

    rows, columns  k and l of every label;    scale (P, 1) s;    size (P, 1) √(n_l ω_l)
    N              (blind tasks, R), Π = I − NᵀN
    h, h_back      (P, d) ĥ_l and A⁻¹ ĥ_l;    W_phi, W_back  (d, P) Ŵᵀφ and B⁻¹ Ŵᵀφ
    e_c, beta      (R, 1) τ √c e and β
    root           (P, P) Cholesky root of the matrix that is inverted
    inverse_A, inverse_B  (d, d), None for I
    """

    rows: Index
    columns: Index
    scale: Tensor
    N: Tensor
    h: Tensor
    h_back: Tensor
    W_phi: Tensor
    W_back: Tensor
    size: Tensor
    e_c: Tensor
    beta: Tensor
    root: Tensor
    inverse_A: Tensor | None
    inverse_B: Tensor | None

    @staticmethod
    def fits(form: StandardForm) -> bool:
        """Whether the problem is large, and its labels few enough."""
        labels = len(form.classes) * form.columns if form.labelled is None else int(form.labelled.sum())
        return large(form) and labels <= MOST_PER_ROW * form.rows

    @classmethod
    def at(cls, objective: Objective, at: Linearization) -> LabelMetric | None:
        """M at one point, None if rounding leaves the matrix indefinite."""
        form, rho, e = objective.form, objective.rho, objective.e
        found = (torch.as_tensor(part, device=rho.device) for part in (*_labels(form), *_seen(form)))
        rows, columns, scales, N = found
        c = torch.as_tensor(form.row_weights(), device=rho.device)[:, None]
        size = torch.as_tensor(np.sqrt(form.multiplicity * form.omega), device=rho.device)[columns, None]
        scale, e_c = scales[rows, None], form.tau * torch.sqrt(c) * e

        D = objective.diagonal(at)
        delta = D[rows, columns].clamp_min(FLAT)
        beside = D.index_put((rows, columns), torch.zeros_like(delta))
        beta = (rho + e**2 * (beside / objective.E**2).sum(1, keepdim=True)).clamp_min(FREE)
        inverse_A, inverse_B = _shared(beside, at)
        Pi = torch.eye(form.rows, dtype=N.dtype, device=N.device) - N.T @ N
        of_bias = (Pi * (e_c**2 / beta).T) @ Pi
        once = len(columns.unique()) == len(columns)
        at_row, at_column = _index(rows, form.rows), _index(columns, form.columns)
        h = at.H_hat.T[at_column].contiguous()
        h_back = h if inverse_A is None else h @ inverse_A
        W_phi = ((at.W_hat - N.T @ (N @ at.W_hat))[at_row] * scale).T.contiguous()
        W_back = W_phi if inverse_B is None else inverse_B @ W_phi
        matrix = (h @ h_back.T) * Pi[at_row][:, at_row] + size * of_bias[at_row][:, at_row] * size.T
        matrix *= scale * scale.T
        if once:
            matrix.diagonal().add_((W_phi * W_back).sum(0))
        else:  # labels of one column share its dĥ
            matrix += (W_phi.T @ W_back).masked_fill_(columns[:, None] != columns, 0.0)
        matrix.diagonal().add_(1.0 / delta)
        root, failed = torch.linalg.cholesky_ex(matrix)
        if failed:
            return None
        heads, features = (h, h_back), (W_phi, W_back)
        return cls(at_row, at_column, scale, N, *heads, *features, size, e_c, beta, root, inverse_A, inverse_B)

    def solve(self, objective: Objective, r: Tensor) -> Tensor:
        """M⁻¹ r."""
        z = r.clone()
        dW, dH, db = objective.split(z)
        db.div_(self.beta)
        if self.inverse_A is not None and self.inverse_B is not None:
            dW.copy_(dW @ self.inverse_A)
            dH.copy_(self.inverse_B @ dH)
        change = self._sees(dW, self.h) + self._sees(self.e_c * db, self.size)
        change += (dH[:, self.columns] * self.W_phi).sum(0)[:, None]
        force = torch.cholesky_solve(change, self.root).neg_()
        self._push(dW, force, self.h_back)
        _add(dH, 1, self.columns, self.W_back * force.T)
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


def _shared(beside: Tensor, at: Linearization) -> tuple[Tensor | None, Tensor | None]:
    """A⁻¹ and B⁻¹ where the curvature beside labels is not small on average, else None."""
    small_A = (at.H_hat * beside.mean(0)) @ at.H_hat.T
    small_B = (at.W_hat.T * beside.mean(1)) @ at.W_hat
    if max(float(small_A.trace()), float(small_B.trace())) <= SMALL * len(small_A):
        return None, None
    for block in (small_A, small_B):
        block.diagonal().add_(1.0)
    return inverse(small_A), inverse(small_B)


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
