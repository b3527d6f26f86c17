"""The standard form's objective, gradient and Hessian-vector products, in coordinates where the penalty is ½‖x‖².

With Ŵ^t = √(2 λ_W c^t) W^t, ĥ_l = √(2 λ_H n_l ω_l) h_l and b̂^t = b^t / e_t,

    F = Σ_l Σ_t c^t n_l [ s_tl lse(u_tl) − ⟨y_tl, u_tl⟩ ] + ½ ‖Ŵ‖² + ½ ‖Ĥ‖² + ½ Σ_t ρ_t ‖b̂^t‖²
    u_tl = E_tl (Ŵ^t ĥ_l) + e_t b̂^t,      E_tl = 1 / (τ √(c^t n_l ω_l)),   ρ_t = 2 λ_b c^t e_t²

so the Hessian is about the identity plus the cross-entropy's curvature: well conditioned near a minimum whatever the
λ's and counts are, and the convex form's nuclear norm ‖Ŵ Ĥ‖_* has weight one. The bias's unit
e_t = (2 λ_b c^t + τ √(c^t Σ_l n_l ω_l))^{-1/2} counts the curvature τ √(c^t Σ n ω) that the cross-entropy has in b^t
at most where ‖V‖ ≤ τ: with λ_b alone, a small one would let a unit step move the logits by thousands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.task_blocks import TaskBlocks


@dataclass(frozen=True)
class Linearization:
    """What the gradient and the Hessian at one point share.

    W_hat (R, d), H_hat (d, m), b_hat (R, 1); p (R, m) softmax per task block; residual (R, m) = s p − y;
    G (R, m) = ∂CE/∂(Ŵ Ĥ), the scaled residual whose spectral norm is ≤ 1 at a global minimum.
    """

    W_hat: Tensor
    H_hat: Tensor
    b_hat: Tensor
    p: Tensor
    residual: Tensor
    G: Tensor


class Objective:
    """F of a standard form at feature dimension d, float64 on one device, over the flat vector x = (Ŵ, Ĥ, b̂)."""

    def __init__(self, form: StandardForm, dim: int, device: torch.device | str = "cpu") -> None:
        self.form, self.dim = form, dim
        self.shape_W, self.shape_H, self.shape_b = (form.rows, dim), (dim, form.columns), (form.rows, 1)
        self.sizes = [math.prod(shape) for shape in (self.shape_W, self.shape_H, self.shape_b)]
        self.blocks = TaskBlocks(form.classes, device)

        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, dtype=torch.float64, device=device)

        c = tensor(form.row_weights())[:, None]
        n = tensor(form.multiplicity)[None]
        n_omega = n * tensor(form.omega)[None]
        self.y = tensor(form.targets)
        self.s = self.blocks.spread(self.blocks.sum(self.y))
        self.rest = self.s - self.y
        self.c_n = c * n
        self.E = 1.0 / (form.tau * torch.sqrt(c * n_omega))
        self.e = 1.0 / torch.sqrt(2.0 * form.lambda_b * c + form.tau * torch.sqrt(c * n_omega.sum()))
        self.rho = 2.0 * form.lambda_b * c * self.e**2
        self.unit_W = torch.sqrt(2.0 * form.lambda_W * c)
        self.unit_H = torch.sqrt(2.0 * form.lambda_H * n_omega)
        self.c_n_E = self.c_n * self.E
        self.c_n_s = self.c_n * self.s
        self.c_n_s_E = self.c_n_s * self.E

    @property
    def variables(self) -> int:
        """Length of x."""
        return sum(self.sizes)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Views Ŵ (R, d), Ĥ (d, m), b̂ (R, 1) of x."""
        W_hat, H_hat, b_hat = torch.split(x, self.sizes)
        return W_hat.view(self.shape_W), H_hat.view(self.shape_H), b_hat.view(self.shape_b)

    @staticmethod
    def join(W_hat: Tensor, H_hat: Tensor, b_hat: Tensor) -> Tensor:
        """The flat x of its parts."""
        return torch.cat([W_hat.reshape(-1), H_hat.reshape(-1), b_hat.reshape(-1)])

    def scale(self, W: Tensor, H: Tensor, b: Tensor) -> Tensor:
        """x of the problem's own W (R, d), H (d, m), b (R,)."""
        return self.join(W * self.unit_W, H * self.unit_H, b[:, None] / self.e)

    def unscale(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """W (R, d), H (d, m), b (R,) in the problem's own units."""
        W_hat, H_hat, b_hat = self.split(x)
        return W_hat / self.unit_W, H_hat / self.unit_H, (b_hat * self.e)[:, 0]

    def value_at_logits(self, product: Tensor, b_hat: Tensor) -> tuple[float, tuple[Tensor, Tensor, Tensor]]:
        """Cross-entropy at Ŵ Ĥ = product (R, m), and the pieces of its softmax.

        lse − max = log1p(r), with r the sum of the exponentials below the maximum: where a sample is fitted to
        1 − p = 1e-9 this keeps every digit of the loss, which log(Σ exp) would round away.
        """
        u = torch.addcmul(product * self.E, self.e, b_hat)
        shifted = u - self.blocks.spread(self.blocks.max(u))
        at_max = shifted == 0
        below = shifted.exp().masked_fill_(at_max, 0.0)
        r = self.blocks.sum(below) + (self.blocks.sum(at_max.to(u.dtype)) - 1.0)
        loss = (self.blocks.first(self.c_n_s) * torch.log1p(r)).sum() - (self.c_n * self.y * shifted).sum()
        return float(loss), (below, r, at_max)

    def value(self, x: Tensor) -> tuple[float, tuple[Tensor, Tensor, Tensor]]:
        """F(x), and the softmax pieces ``linearize`` goes on from.

        b̂ is left out of ‖x‖², not taken from it: where ρ is small ‖b̂‖² is thousands of times F.
        """
        W_hat, H_hat, b_hat = self.split(x)
        loss, pieces = self.value_at_logits(W_hat @ H_hat, b_hat)
        factors = x[: self.sizes[0] + self.sizes[1]]
        return loss + 0.5 * float(factors.dot(factors) + (self.rho * b_hat * b_hat).sum()), pieces

    def linearize(self, x: Tensor, pieces: tuple[Tensor, Tensor, Tensor]) -> Linearization:
        """Softmax and residual at x.

        At the block's maximum, s p − y = (s − y) − s r/(1 + r): no cancellation when p is nearly one.
        """
        below, r, at_max = pieces
        top = self.blocks.spread(1.0 / (1.0 + r))
        p = torch.where(at_max, top, below * top)
        residual = torch.where(at_max, self.rest - self.s * self.blocks.spread(r / (1.0 + r)), self.s * p - self.y)
        return Linearization(*self.split(x), p=p, residual=residual, G=self.c_n_E * residual)

    def gradient(self, at: Linearization) -> Tensor:
        """∇F = (G Ĥᵀ + Ŵ, Ŵᵀ G + Ĥ, e Σ_l c n (s p − y) + ρ b̂)."""
        return self.join(
            torch.addmm(at.W_hat, at.G, at.H_hat.T),
            torch.addmm(at.H_hat, at.W_hat.T, at.G),
            self.e * (self.c_n * at.residual).sum(1, keepdim=True) + self.rho * at.b_hat,
        )

    def largest_logit_change(self, at: Linearization, v: Tensor) -> float:
        """max |du| over the logits, to first order along v."""
        dW, dH, db = self.split(v)
        return float(torch.addmm(dW @ at.H_hat, at.W_hat, dH).mul_(self.E).addcmul_(self.e, db).abs().max())

    def penalty(self, x: Tensor) -> float:
        """‖x‖² with the bias's weights: ‖Ŵ‖² + ‖Ĥ‖² + Σ_t ρ_t ‖b̂^t‖², twice the penalty of F."""
        factors, b_hat = x[: self.sizes[0] + self.sizes[1]], self.split(x)[2]
        return float(factors.dot(factors) + (self.rho * b_hat * b_hat).sum())

    def change(self, at: Linearization, gradient: Tensor, z: Tensor, end: Tensor | None = None) -> float:
        """F(x + z) − F(x) from its small parts, resolved where F itself has no digits left for it.

            gᵀz + ½ ‖z‖² + Σ c n ⟨s p − y, E dŴ dĥ⟩ + Σ c n s [ log Σ_k p_k e^{du_k} − ⟨p, du⟩ ],

        with ‖·‖² the penalty's and du the whole change of the logits, of hundreds at most. For another ``end`` than
        x + z, of the same b̂, dŴ dĤ is what the products' difference has beyond dŴ Ĥ + Ŵ dĤ, and ½ ‖z‖² what the
        penalties' difference has beyond ⟨x, z⟩.
        """
        dW, dH, db = self.split(z)
        linear = torch.addmm(dW @ at.H_hat, at.W_hat, dH)
        if end is None:
            cross = dW @ dH
            penalty = 0.5 * self.penalty(z)
        else:
            W_hat, H_hat, _ = self.split(end)
            cross = W_hat @ H_hat - at.W_hat @ at.H_hat - linear
            x = self.join(at.W_hat, at.H_hat, self.rho * at.b_hat)
            before = self.penalty(self.join(at.W_hat, at.H_hat, at.b_hat))
            penalty = 0.5 * (self.penalty(end) - before) - float(x.dot(z))
        du = (linear + cross).mul_(self.E).addcmul_(self.e, db)
        mean = self.blocks.sum(at.p * du)
        du -= self.blocks.spread(mean)
        curved = torch.log1p(self.blocks.sum(at.p * (torch.expm1(du) - du)))
        bilinear = (at.G * cross).sum()
        return float(gradient.dot(z) + penalty + bilinear + (self.blocks.first(self.c_n_s) * curved).sum())

    def dual_gap_of_gradient(self, gradient: Tensor) -> float:
        """‖∇F‖² in the norm dual to the penalty's: what a gradient adds to the duality gap, to second order."""
        g_W, g_H, g_b = self.split(gradient)
        return float((g_W * g_W).sum() + (g_H * g_H).sum() + (g_b * g_b / self.rho).sum())

    def hessian_vector(self, at: Linearization, v: Tensor) -> Tensor:
        """∇²F(x) v, with dG the change of G along v: (dG Ĥᵀ + G dĤᵀ + dŴ, Ŵᵀ dG + dŴᵀ G + dĤ, …)."""
        dW, dH, db = self.split(v)
        du = torch.addmm(dW @ at.H_hat, at.W_hat, dH).mul_(self.E).addcmul_(self.e, db)
        dp = du.mul_(at.p)
        dp.addcmul_(at.p, self.blocks.spread(self.blocks.sum(dp)), value=-1.0)
        dG = self.c_n_s_E * dp
        out = torch.empty_like(v)
        out_W, out_H, out_b = self.split(out)
        torch.addmm(dW, dG, at.H_hat.T, out=out_W)
        out_W.addmm_(at.G, dH.T)
        torch.addmm(dH, at.W_hat.T, dG, out=out_H)
        out_H.addmm_(dW.T, at.G)
        torch.addcmul(self.rho * db, self.e, (self.c_n_s * dp).sum(1, keepdim=True), out=out_b)
        return out


def evaluate(form: StandardForm, W: Tensor, H: Tensor, b: Tensor) -> float:
    """F of the module's equation at W (R, d), H (d, m), b (R,), in float64."""
    objective = Objective(form, W.shape[1], W.device)
    return objective.value(objective.scale(W.double(), H.double(), b.double()))[0]
