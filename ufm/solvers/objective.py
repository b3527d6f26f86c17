"""The standard form's objective, gradient and Hessian-vector products, in coordinates where the penalty is ½‖x‖².

With Ŵ^t = √(2 λ_W c^t) W^t, ĥ_l = √(2 λ_H n_l ω_l) h_l and b̂^t = b^t / e_t,

    F = Σ_l Σ_t c^t n_l ℓ_t(u_tl; y_tl) + ½ ‖Ŵ‖² + ½ ‖Ĥ‖² + ½ Σ_t ρ_t ‖b̂^t‖²
    u_tl = E_tl (Ŵ^t ĥ_l) + e_t b̂^t,      E_tl = 1 / (τ √(c^t n_l ω_l)),   ρ_t = 2 λ_b c^t e_t²

so the Hessian is about the identity plus the losses' curvature: well conditioned near a minimum whatever the λ's and
counts are, and the convex form's nuclear norm ‖Ŵ Ĥ‖_* has weight one. The bias's unit e_t = (2 λ_b c^t + κ_t)^{-1/2}
counts the losses' own curvature κ_t in b^t, at most τ √(c^t Σ_l n_l ω_l) for cross-entropy where ‖V‖ ≤ τ: with λ_b
alone, a small one would let a unit step move the logits by thousands. Without a bias e = 0 and ρ = 1: b̂ stays 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import LOSSES
from ufm.losses.loss import Columns, Loss, Pieces
from ufm.losses.task_blocks import TaskBlocks
from ufm.problems.standard_form import StandardForm

SMALLEST = 1e-300  # an F that float64 still divides by
FREE = 0.01  # of the losses' curvature in a free bias: what a gradient there is taken to cost


@dataclass(frozen=True)
class Linearization:
    """The part of the gradient and the Hessian at one point that they share.

    W_hat (R, d), H_hat (d, m), b_hat (R, 1); states of the losses; residual (R, m) = ∂ℓ/∂u; G (R, m) = ∂F/∂(Ŵ Ĥ)
    without the penalty, the scaled residual whose spectral norm is ≤ 1 at a global minimum.
    """

    W_hat: Tensor
    H_hat: Tensor
    b_hat: Tensor
    states: tuple[Pieces, ...]
    residual: Tensor
    G: Tensor


class Losses(Protocol):
    """What is known of the losses at a point: their states, and the residual (R, m)."""

    @property
    def states(self) -> tuple[Pieces, ...]:
        """Of each run."""

    @property
    def residual(self) -> Tensor:
        """∂ℓ/∂u, without weights."""


@dataclass(frozen=True)
class Run:
    """Consecutive tasks of one loss: their rows, and the loss of their columns."""

    rows: slice
    loss: type[Loss]
    blocks: TaskBlocks
    columns: Columns


class Objective:
    """F of a standard form at feature dimension d, float64 on one device, over the flat vector x = (Ŵ, Ĥ, b̂)."""

    def __init__(
        self,
        form: StandardForm,
        dim: int,
        device: torch.device | str = "cpu",
        bias_units: tuple[Tensor, Tensor] | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        self.form, self.dim = form, dim
        self.shape_W, self.shape_H, self.shape_b = (form.rows, dim), (dim, form.columns), (form.rows, 1)
        self.sizes = [math.prod(shape) for shape in (self.shape_W, self.shape_H, self.shape_b)]

        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, dtype=dtype, device=device)

        c = tensor(form.row_weights())[:, None]
        n_omega = tensor(form.multiplicity * form.omega)[None]
        self.c_n = tensor(form.loss_weights())
        self.runs = _runs(form, tensor(form.targets), self.c_n, device)
        self.E = 1.0 / (form.tau * torch.sqrt(c * n_omega))
        self.c_n_E = self.c_n * self.E
        self.unit_W = torch.sqrt(2.0 * form.lambda_W * c)
        self.unit_H = torch.sqrt(2.0 * form.lambda_H * n_omega)
        if bias_units is not None:
            self.e, self.rho = (unit.to(dtype) for unit in bias_units)
        elif form.lambda_b is None:
            self.e, self.rho = torch.zeros_like(c), torch.ones_like(c)
        else:
            reach = form.tau * torch.sqrt(c * n_omega.sum())
            curvature = _join([run.columns.bias_curvature(reach[run.rows]) for run in self.runs])
            self.e = 1.0 / torch.sqrt(2.0 * form.lambda_b * c + curvature)
            self.rho = 2.0 * form.lambda_b * c * self.e**2

    @cached_property
    def nothing(self) -> float:
        """An F that counts as 0, which float64 still divides by."""
        return max(SMALLEST, self.form.nothing())

    @cached_property
    def quadratic(self) -> bool:
        """Whether every task's loss is."""
        return all(run.loss.quadratic for run in self.runs)

    @cached_property
    def partly_quadratic(self) -> bool:
        """Whether some task's loss is, which is as stiff where targets are fitted as anywhere."""
        return any(run.loss.quadratic for run in self.runs)

    @cached_property
    def shift_blind(self) -> bool:
        """Whether every task's loss is, so that no mean of the logits is to be found."""
        return all(run.loss.shift_blind for run in self.runs)

    @cached_property
    def narrow(self) -> bool:
        """Whether d is less than what suffices."""
        return self.dim < self.form.needed_dim

    @cached_property
    def curvature_bound(self) -> Tensor:
        """(R, m) L = c n · bound · mass, which the eigenvalues of the losses' ∂² in u do not exceed."""
        bounds = np.array([LOSSES[loss].curvature_bound for loss in self.form.losses])[:, None] * self.form.masses()
        rows = np.repeat(bounds, self.form.classes, axis=0)
        return self.c_n * torch.as_tensor(rows, dtype=torch.float64, device=self.c_n.device)

    @property
    def variables(self) -> int:
        """Length of x."""
        return sum(self.sizes)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Views Ŵ (R, d), Ĥ (d, m), b̂ (R, 1) of x."""
        W_hat, H_hat, b_hat = x.split_with_sizes(self.sizes)
        return W_hat.view(self.shape_W), H_hat.view(self.shape_H), b_hat.view(self.shape_b)

    @staticmethod
    def join(W_hat: Tensor, H_hat: Tensor, b_hat: Tensor) -> Tensor:
        """The flat x of its parts."""
        return torch.cat([W_hat.reshape(-1), H_hat.reshape(-1), b_hat.reshape(-1)])

    def scale(self, W: Tensor, H: Tensor, b: Tensor) -> Tensor:
        """x of the problem's own W (R, d), H (d, m), b (R,)."""
        b_hat = torch.where(self.e > 0.0, b[:, None] / self.e, 0.0)
        return self.join(W * self.unit_W, H * self.unit_H, b_hat)

    def unscale(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """W (R, d), H (d, m), b (R,) in the problem's own units."""
        W_hat, H_hat, b_hat = self.split(x)
        return W_hat / self.unit_W, H_hat / self.unit_H, (b_hat * self.e)[:, 0]

    def value_at_logits(self, product: Tensor, b_hat: Tensor) -> tuple[float, tuple[Pieces, ...]]:
        """The losses at Ŵ Ĥ = product (R, m), and the pieces that ``linearize`` goes on from."""
        u = torch.addcmul(product * self.E, self.e, b_hat)
        found = [run.columns.value(u[run.rows]) for run in self.runs]
        return math.fsum(float(loss) for loss, _ in found), tuple(pieces for _, pieces in found)

    def value(self, x: Tensor) -> tuple[float, tuple[Pieces, ...]]:
        """F(x), and the pieces ``linearize`` goes on from.

        b̂ is left out of ‖x‖², not taken from it: where ρ is small ‖b̂‖² is thousands of times F.
        """
        W_hat, H_hat, b_hat = self.split(x)
        loss, pieces = self.value_at_logits(W_hat @ H_hat, b_hat)
        factors = x[: self.sizes[0] + self.sizes[1]]
        return loss + 0.5 * float(factors.dot(factors) + (self.rho * b_hat * b_hat).sum()), pieces

    def residual_at(self, product: Tensor, b_hat: Tensor) -> Tensor:
        """G (R, m) at Ŵ Ĥ = product."""
        return self.c_n_E * self.losses_at(self.value_at_logits(product, b_hat)[1])[1]

    def slope_of_losses(self, product: Tensor, direction: Tensor) -> float:
        """Derivative of the losses at Ŵ Ĥ = product, b = 0, along a direction (R, m)."""
        return float((self.residual_at(product, torch.zeros_like(self.e)) * direction).sum())

    def linearize(self, x: Tensor, pieces: tuple[Pieces, ...]) -> Linearization:
        """The losses' states and residual at x."""
        states, residual = self.losses_at(pieces)
        return Linearization(*self.split(x), states, residual, self.c_n_E * residual)

    def losses_at(self, pieces: tuple[Pieces, ...]) -> tuple[tuple[Pieces, ...], Tensor]:
        """The losses' states, and their residual (R, m) without weights."""
        found = [run.columns.linearize(own) for run, own in zip(self.runs, pieces, strict=True)]
        return tuple(state for state, _ in found), _join([residual for _, residual in found])

    def gradient(self, at: Linearization) -> Tensor:
        """∇F = (G Ĥᵀ + Ŵ, Ŵᵀ G + Ĥ, e Σ_l c n ∂ℓ + ρ b̂).

        Along a shift that losses are blind to, a free bias has neither slope nor curvature, but rounding has.
        """
        g_b = self.e * (self.c_n * at.residual).sum(1, keepdim=True) + self.rho * at.b_hat
        return self.join(
            torch.addmm(at.W_hat, at.G, at.H_hat.T),
            torch.addmm(at.H_hat, at.W_hat.T, at.G),
            g_b if self.form.lambda_b != 0.0 else self.centred(g_b),
        )

    def largest_logit_change(self, at: Linearization, v: Tensor) -> float:
        """max |du| over the logits of losses that are no parabola, to first order along v."""
        if self.quadratic:
            return 0.0
        dW, dH, db = self.split(v)
        du = torch.addmm(dW @ at.H_hat, at.W_hat, dH).mul_(self.E).addcmul_(self.e, db)
        return max(float(du[run.rows].abs().max()) for run in self.runs if not run.loss.quadratic)

    def penalty(self, x: Tensor) -> float:
        """‖x‖² with the bias's weights: ‖Ŵ‖² + ‖Ĥ‖² + Σ_t ρ_t ‖b̂^t‖², twice the penalty of F."""
        factors, b_hat = x[: self.sizes[0] + self.sizes[1]], self.split(x)[2]
        return float(factors.dot(factors) + (self.rho * b_hat * b_hat).sum())

    def change(self, at: Linearization, gradient: Tensor, z: Tensor, end: Tensor | None = None) -> float:
        """F(x + z) − F(x) from its small parts, resolved where F itself has no digits left for it.

            gᵀz + ½ ‖z‖² + Σ c n ⟨∂ℓ, E dŴ dĥ⟩ + Σ c n [ ℓ(u + du) − ℓ(u) − ⟨∂ℓ, du⟩ ],

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
        curved = sum(
            float(run.columns.remainder(state, du[run.rows])) for run, state in zip(self.runs, at.states, strict=True)
        )
        return float(gradient.dot(z) + penalty + (at.G * cross).sum()) + curved

    def first_order(self, gradient: Tensor, x: Tensor, norm: float | None = None) -> float:
        """‖∇F‖ ‖x‖, at most which F falls to first order on the way to 0; ``norm`` is ‖∇F‖ if it is known.

        A free bias is no part of F and may be large beside it: its part is a product of its own.
        """
        if self.form.lambda_b != 0.0:
            return (float(gradient.norm()) if norm is None else norm) * float(x.norm())
        factors = self.sizes[0] + self.sizes[1]
        return float(gradient[:factors].norm() * x[:factors].norm() + gradient[factors:].norm() * x[factors:].norm())

    def dual_gap_of_gradient(self, gradient: Tensor) -> float:
        """‖∇F‖² in the norm dual to the penalty's: what a gradient adds to the duality gap, to second order."""
        g_W, g_H, g_b = self.split(gradient)
        return float((g_W * g_W).sum() + (g_H * g_H).sum()) + 2.0 * self.dual_gap_of_bias(g_b)

    def dual_gap_of_bias(self, g_b: Tensor) -> float:
        """½ Σ g_b² / ρ. A free bias has no penalty: a gradient is held against the losses' own curvature there."""
        rho = self.rho.clamp_min(FREE) if self.form.lambda_b == 0.0 else self.rho
        return 0.5 * float((g_b * g_b / rho).sum())

    def diagonal(self, at: Losses) -> Tensor:
        """(R, m) the diagonal of the losses' second derivative in Ŵ Ĥ."""
        found = [run.columns.diagonal(state) for run, state in zip(self.runs, at.states, strict=True)]
        return _join(found) * self.E**2

    def excess(self, at: Losses, residual: Tensor | None = None) -> float:
        """Σ c n rᵀ (∂²ℓ)⁺ r, r = ∂ℓ or another one: twice what ∂ℓ + ε r costs in the dual's conjugates, over ε²."""
        r = at.residual if residual is None else residual
        runs = zip(self.runs, at.states, strict=True)
        return sum(float(run.columns.excess(state, r[run.rows])) for run, state in runs)

    def cancelled(self, at: Linearization) -> Tensor:
        """(R, m) the size of what was cancelled in G, in whose last digits its rounding is."""
        found = [run.columns.cancelled(state) for run, state in zip(self.runs, at.states, strict=True)]
        return _join(found) * self.c_n_E

    def centred(self, rows: Tensor) -> Tensor:
        """(R, m) less the means over the blocks of losses that are blind to them."""
        blind = [run.loss.shift_blind for run in self.runs]
        if not any(blind):
            return rows
        parts = [run.blocks.centred(rows[run.rows]) if run.loss.shift_blind else rows[run.rows] for run in self.runs]
        return _join(parts)

    def curved(self, at: Losses, product: Tensor) -> Tensor:
        """(R, m) E ∂²(c n ℓ) E times a change of Ŵ Ĥ."""
        du = product * self.E
        runs = zip(self.runs, at.states, strict=True)
        return _join([run.columns.curve(state, du[run.rows]) for run, state in runs]) * self.E

    def part(self, index: NDArray[np.int64]) -> Objective:
        """Of the columns ``index``, with the bias's unit of all."""
        form = self.form.take_columns(index)
        return Objective(form, self.dim, self.E.device, (self.e, self.rho), self.E.dtype)

    def hessian_vector(self, at: Linearization, v: Tensor) -> Tensor:
        """∇²F(x) v, with dG the change of G along v: (dG Ĥᵀ + G dĤᵀ + dŴ, Ŵᵀ dG + dŴᵀ G + dĤ, …)."""
        dW, dH, db = self.split(v)
        du = torch.addmm(dW @ at.H_hat, at.W_hat, dH).mul_(self.E).addcmul_(self.e, db)
        if len(self.runs) == 1:
            dg = self.runs[0].columns.curve(at.states[0], du)
        else:
            runs = zip(self.runs, at.states, strict=True)
            dg = torch.cat([run.columns.curve(state, du[run.rows]) for run, state in runs])
        dG = dg * self.E
        out = torch.empty_like(v)
        out_W, out_H, out_b = self.split(out)
        torch.addmm(dW, dG, at.H_hat.T, out=out_W)
        out_W.addmm_(at.G, dH.T)
        torch.addmm(dH, at.W_hat.T, dG, out=out_H)
        out_H.addmm_(dW.T, at.G)
        torch.addcmul(self.rho * db, self.e, dg.sum(1, keepdim=True), out=out_b)
        if self.form.lambda_b == 0.0:
            out_b.copy_(self.centred(out_b))
        return out


def evaluate(form: StandardForm, W: Tensor, H: Tensor, b: Tensor) -> float:
    """F of the module's equation at W (R, d), H (d, m), b (R,), in float64."""
    objective = Objective(form, W.shape[1], W.device)
    return objective.value(objective.scale(W.double(), H.double(), b.double()))[0]


def _runs(form: StandardForm, y: Tensor, weight: Tensor, device: torch.device | str) -> list[Run]:
    runs, first = [], 0
    for name, tasks in groupby(form.losses):
        classes = form.classes[first : first + len(list(tasks))]
        rows = slice(form.offsets[first], form.offsets[first + len(classes)])
        blocks = TaskBlocks(classes, device)
        runs.append(Run(rows, LOSSES[name], blocks, LOSSES[name].columns(blocks, y[rows], weight[rows])))
        first += len(classes)
    return runs


def _join(parts: list[Tensor]) -> Tensor:
    """Stacked rows; what is whole already as it is."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)
