"""The quadratic model of φ(Ŵ, b̂) = min_Ĥ F, and the region in which it holds.

With X = (dŴ, db̂) (R, d + 1), the logits of column l change by du_r = Σ_i A_l[r, i] X[r, i] at fixed features, where
A_l[r] = (E_rl ĥ_l, e_r). With P_l = ∂²ℓ_l and T_l = Ŵᵀ E_l P_l,

    ∇²φ = F_ww + Σ_l F_wh J_l,   F_ww = Σ_l A_lᵀ P_l A_l + diag(1, ρ),   F_hw = T_l A_l X + dŴᵀ G_l,
    J_l = −B_l⁻¹ F_hw,   B_l = I + T_l E_l Ŵ,

and J_l X is how the best feature moves. It solves equations whose matrix is Ŵ's, so that the model holds as long as
features change by a part of themselves, however large or small they are:

    ‖X‖²_M = Σ_l ‖J_l X‖² / ‖ĥ_l‖² + ‖X‖² / ‖(Ŵ, b̂)‖².

Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
separate, SIAM Journal on Numerical Analysis 1973; Conn, Gould and Toint, Trust-Region Methods, section 7.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ufm.solvers.newton.trust_region import TINY, State
from ufm.solvers.objective import Linearization, Objective

SMALL = 1e-6  # of the features' mean square, below which a feature is as good as none
DEFINITE = 1e-12  # of M's largest entry: less on the diagonal, and rounding may leave it indefinite
BISECTIONS = 100  # of μ


@dataclass(frozen=True)
class HeadsModel:
    """∇φ (n,), ∇²φ (n, n), J (m, d, n), B's Cholesky roots (m, d, d) and M (n, n) of the module, n = R (d + 1)."""

    gradient: Tensor
    curvature: Tensor
    features: Tensor
    root: Tensor
    metric: Tensor

    @classmethod
    def at(cls, objective: Objective, state: State) -> HeadsModel:
        """Where the features of the state are the best."""
        at, E, R, d = state.at, objective.E, objective.form.rows, objective.dim
        A = torch.cat([E[:, :, None] * at.H_hat.T, objective.e[:, :, None].expand(-1, E.shape[1], 1)], 2)
        P = _second_derivatives(objective, state)
        T = torch.einsum("rk,rl,rls->lks", at.W_hat, E, P)
        B = torch.einsum("lks,sl,sj->lkj", T, E, at.W_hat)
        B.diagonal(dim1=1, dim2=2).add_(1.0)
        F_hw = T[..., None] * A.transpose(0, 1)[:, None]
        F_hw[..., :d].diagonal(dim1=1, dim2=3).add_(at.G.T[..., None])
        F_hw = F_hw.flatten(2)
        root = torch.linalg.cholesky_ex(B)[0]
        J = -torch.cholesky_solve(F_hw, root)
        F_ww = torch.einsum("rli,rls,slj->risj", A, P, A).reshape(R * (d + 1), -1)
        F_ww.diagonal().add_(torch.cat([torch.ones_like(at.W_hat), objective.rho], 1).flatten())
        if objective.form.lambda_b == 0.0:  # without slope or curvature along shifts that losses are blind to
            eye = torch.eye(R, dtype=E.dtype, device=E.device)
            F_ww[d :: d + 1, d :: d + 1] += eye - objective.centred(eye)
        curvature = F_ww + torch.einsum("lkn,lkp->np", F_hw, J)
        heads = heads_of(objective, state.x)
        size = at.H_hat.square().sum(0)
        size = size.clamp_min(SMALL * float(size.mean()) or 1.0)
        relative = (J / size.sqrt()[:, None, None]).flatten(0, 1)
        metric = relative.T @ relative
        metric.diagonal().add_(1.0 / (float(heads.dot(heads)) or 1.0) + DEFINITE * float(metric.diagonal().max()))
        return cls(heads_of(objective, state.gradient), 0.5 * (curvature + curvature.T), J, root, metric)

    def minimum(self, radius: float) -> HeadStep:
        """The least ∇φᵀX + ½ Xᵀ∇²φ X in ‖X‖_M ≤ Δ.

        X = −(∇²φ + μ M)⁻¹ ∇φ with the least μ ≥ 0, −λ_min that will do, from the eigenvectors of ∇²φ in M.
        """
        root = torch.linalg.cholesky_ex(self.metric)[0]
        left = torch.linalg.solve_triangular(root, self.curvature, upper=False)
        scaled = torch.linalg.solve_triangular(root, left.T.contiguous(), upper=False)
        values, vectors = torch.linalg.eigh(0.5 * (scaled + scaled.T))
        modes = torch.linalg.solve_triangular(root.T, vectors, upper=True)
        v, g = values.cpu().numpy(), (modes.T @ self.gradient).cpu().numpy()
        y, mu = _least(v, g, radius)
        decrease = -float(g @ y) - 0.5 * float((v * y) @ y)
        X = modes @ torch.as_tensor(y, device=modes.device)
        return HeadStep(X, decrease, mu > 0.0, math.sqrt(float(y @ y)), modes, values + mu)

    def bent(self, objective: Objective, at: Linearization, step: HeadStep) -> tuple[Tensor, Tensor]:
        """X and dĤ with what takes the product dŴ dĤ of both out of the logits again, as far as it can.

        That product is all that is not linear in the logits, and where they tie it is what the model misses. Source:
        Transtrum and Sethna, Improvements to the Levenberg–Marquardt algorithm, 2012: geodesic acceleration.
        """
        dW = step.X.view(len(at.W_hat), -1)[:, :-1]
        dH = (self.features @ step.X).T
        runs = zip(objective.runs, at.states, strict=True)
        du = (dW @ dH) * objective.E
        dg = torch.cat([run.columns.curve(state, du[run.rows]) for run, state in runs])
        dG = dg * objective.E
        force = torch.cat([dG @ at.H_hat.T, objective.e * dg.sum(1, keepdim=True)], 1).flatten()
        of_features = (at.W_hat.T @ dG).T
        force = force + torch.einsum("lkn,lk->n", self.features, of_features)
        X = -step.modes @ ((step.modes.T @ force) / step.curvatures.clamp_min(TINY))
        back = torch.cholesky_solve(of_features[..., None], self.root)[..., 0]
        return step.X + X, dH + (self.features @ X - back).T


@dataclass(frozen=True)
class HeadStep:
    """X (n,), the model's decrease, whether it is on the boundary, ‖X‖_M; modes (n, n) Q with QᵀMQ = 1, curvatures (n,)
    Qᵀ(∇²φ + μ M)Q.
    """

    X: Tensor
    decrease: float
    on_boundary: bool
    length: float
    modes: Tensor
    curvatures: Tensor


def _least(v: np.ndarray, g: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
    """The least gᵀy + ½ Σ v y² in ‖y‖ ≤ Δ, v ascending, and μ, 0 inside."""
    if v[0] > 0.0 and np.linalg.norm(g / v) <= radius:
        return -g / v, 0.0
    first = max(0.0, -float(v[0]) * (1.0 + 1e-12))
    low, high = 0.0, float(np.linalg.norm(g)) / radius + 1e-300
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        too_long = np.linalg.norm(g / (v + first + middle)) > radius
        low, high = (middle, high) if too_long else (low, middle)
    y = -g / (v + first + high)
    short = radius * radius - float(y @ y)
    if v[0] < 0.0 < short:  # the slope has next to nothing of the lowest eigenvector
        y[0] = math.copysign(math.sqrt(y[0] ** 2 + short), y[0])
    return y, first + high


def _second_derivatives(objective: Objective, state: State) -> Tensor:
    """(R, m, R) P_l, from their products with one row after the other."""
    rows, columns = objective.E.shape
    P = objective.E.new_zeros(rows, columns, rows)
    for run, own in zip(objective.runs, state.at.states, strict=True):
        for s in range(run.rows.start, run.rows.stop):
            du = objective.E.new_zeros(run.rows.stop - run.rows.start, columns)
            du[s - run.rows.start] = 1.0
            P[run.rows, :, s] = run.columns.curve(own, du)
    return P


def heads_of(objective: Objective, x: Tensor) -> Tensor:
    """(Ŵ, b̂) of x, row by row."""
    W_hat, _, b_hat = objective.split(x)
    return torch.cat([W_hat, b_hat], 1).flatten()


def moved(objective: Objective, x: Tensor, X: Tensor, dH: Tensor | float) -> Tensor:
    """x + (X, dĤ)."""
    W_hat, H_hat, b_hat = objective.split(x)
    step = X.view(len(b_hat), -1)
    return objective.join(W_hat + step[:, :-1], H_hat + dH, b_hat + step[:, -1:])
