"""``ufm.solvers.objective`` for B standard forms of one shape, every number a vector over the problems.

The equations are those of ``Objective``: x = (Ŵ, Ĥ, b̂) is (variables, B), Ŵ (R, d, B), Ĥ (d, m, B), b̂ (R, B), logits
(R, m, B), and F is (B,). Losses see logits as (R, m B), columns side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ufm.losses.loss import Pieces
from ufm.problems.standard_form import StandardForm
from ufm.solvers.batch.constants import Constants
from ufm.solvers.batch.products import add_inner, add_outer, add_product, dot, norm, product
from ufm.solvers.batch.runs import runs_of
from ufm.solvers.batch.shape import FREE as FREE_BIAS
from ufm.solvers.batch.shape import NONE, PENALIZED, Shape
from ufm.solvers.objective import FREE


@dataclass(frozen=True)
class Linearization:
    """As ``ufm.solvers.objective.Linearization``, of every problem."""

    W_hat: Tensor
    H_hat: Tensor
    b_hat: Tensor
    states: tuple[Pieces, ...]
    residual: Tensor
    G: Tensor


class BatchObjective:
    """F of B standard forms of one shape."""

    def __init__(self, shape: Shape, constants: Constants) -> None:
        self.shape, self.constants = shape, constants
        self.problems = constants.nothing.shape[0]
        R, d, m = shape.rows, shape.dim, shape.columns
        self.sizes = [R * d, d * m, R]
        self.runs = runs_of(shape, constants.y, constants.c_n)
        self.c_n_E = constants.c_n * constants.E

    @property
    def partly_quadratic(self) -> bool:
        """Whether some task's loss is."""
        return any(run.loss.quadratic for run in self.runs)

    @classmethod
    def of(cls, shape: Shape, forms: Sequence[StandardForm], device: torch.device | str) -> BatchObjective:
        """The batch of these forms, in order."""
        return cls(shape, Constants.of(shape, forms, device))

    def take(self, index: Tensor) -> BatchObjective:
        """Of the problems numbered ``index``."""
        return BatchObjective(self.shape, self.constants.take(index))

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Views Ŵ, Ĥ, b̂ of x."""
        R, d, m = self.shape.rows, self.shape.dim, self.shape.columns
        W_hat, H_hat, b_hat = torch.split(x, self.sizes)
        return W_hat.view(R, d, -1), H_hat.view(d, m, -1), b_hat

    def logits(self, product_: Tensor, b_hat: Tensor) -> Tensor:
        """E ∘ product + e b̂; the product may be overwritten."""
        u = product_.mul_(self.constants.E)
        if self.shape.bias != NONE:
            u.add_((self.constants.e * b_hat)[:, None])
        return u

    def logits_at(self, W_hat: Tensor, H_hat: Tensor, b_hat: Tensor) -> Tensor:
        """(R, m, B) u."""
        return self.logits(product(W_hat, H_hat), b_hat)

    def value(self, x: Tensor) -> tuple[Tensor, tuple[Pieces, ...]]:
        """F(x), and the pieces ``linearize`` goes on from."""
        W_hat, H_hat, b_hat = self.split(x)
        u = self.logits_at(W_hat, H_hat, b_hat)
        found = [run.columns.value(_flat(u[run.rows])) for run in self.runs]
        for run, (own, _) in zip(self.runs, found, strict=True):
            if own.shape != self.constants.nothing.shape:  # of another's file, all problems would have one F
                raise TypeError(f"{run.loss.__name__}'s columns add up all problems: their sums must be blocks.total's")
        loss = sum((loss for loss, _ in found[1:]), found[0][0])
        return loss + 0.5 * self.penalty(x), tuple(pieces for _, pieces in found)

    def linearize(self, x: Tensor, pieces: tuple[Pieces, ...]) -> Linearization:
        """The losses' states and residual at x."""
        found = [run.columns.linearize(own) for run, own in zip(self.runs, pieces, strict=True)]
        return self.at(x, tuple(state for state, _ in found), self._join([own for _, own in found]))

    def at(self, x: Tensor, states: tuple[Pieces, ...], residual: Tensor) -> Linearization:
        """With G = c n E ∂ℓ."""
        return Linearization(*self.split(x), states, residual, self.c_n_E * residual)

    def gradient(self, at: Linearization) -> Tensor:
        """∇F."""
        out = torch.empty((sum(self.sizes), self.problems), dtype=at.G.dtype, device=at.G.device)
        out_W, out_H, out_b = self.split(out)
        add_outer(out_W.copy_(at.W_hat), at.G, at.H_hat)
        add_inner(out_H.copy_(at.H_hat), at.W_hat, at.G)
        self._bias_part(out_b, at.b_hat, self.constants.c_n * at.residual)
        return out

    def linear_change(self, at: Linearization, v: Tensor) -> Tensor:
        """(R, m, B) dŴ Ĥ + Ŵ dĤ."""
        dW, dH, _ = self.split(v)
        return add_product(product(dW, at.H_hat), at.W_hat, dH)

    def largest_logit_change(self, linear: Tensor, v: Tensor) -> Tensor:
        """(B,) max |du| over the logits of losses that are no parabola, to first order along v."""
        curved = [run for run in self.runs if not run.loss.quadratic]
        if not curved:
            return torch.zeros_like(self.constants.nothing)
        du = self.logits(linear.clone(), self.split(v)[2]).abs_()
        largest = [du[run.rows].flatten(0, 1).amax(0) for run in curved]
        return torch.stack(largest).amax(0)

    def penalty(self, x: Tensor) -> Tensor:
        """‖Ŵ‖² + ‖Ĥ‖² + Σ_t ρ_t ‖b̂^t‖²."""
        factors, b_hat = x[: -self.sizes[2]], x[-self.sizes[2] :]
        squares = dot(factors, factors)
        return squares if self.shape.bias != PENALIZED else squares + (self.constants.rho * b_hat * b_hat).sum(0)

    def change(self, at: Linearization, gradient: Tensor, z: Tensor, linear: Tensor) -> Tensor:
        """F(x + z) − F(x) from its small parts; ``linear`` is ``linear_change`` of z and is overwritten."""
        dW, dH, db = self.split(z)
        cross = product(dW, dH)
        first = dot(gradient, z) + 0.5 * self.penalty(z) + dot(_rows(at.G), _rows(cross))
        du = self.logits(linear.add_(cross), db)
        for run, state in zip(self.runs, at.states, strict=True):
            first = first + run.columns.remainder(state, _flat(du[run.rows]))
        return first

    def first_order(self, gradient: Tensor, x: Tensor) -> Tensor:
        """‖∇F‖ ‖x‖, of a free bias a product of its own."""
        if self.shape.bias != FREE_BIAS:
            return norm(gradient) * norm(x)
        bias = self.sizes[2]
        return norm(gradient[:-bias]) * norm(x[:-bias]) + norm(gradient[-bias:]) * norm(x[-bias:])

    def dual_gap_of_gradient(self, gradient: Tensor) -> Tensor:
        """‖∇F‖² in the norm dual to the penalty's."""
        bias = self.sizes[2]
        g, g_b = gradient[:-bias], gradient[-bias:]
        squares = dot(g, g)
        if self.shape.bias == NONE:
            return squares
        rho = self.constants.rho.clamp_min(FREE) if self.shape.bias == FREE_BIAS else self.constants.rho
        return squares + (g_b * g_b / rho).sum(0)

    def diagonal(self, at: Linearization) -> Tensor:
        """(R, m, B) the diagonal of the losses' second derivative in the logits."""
        return self._join([run.columns.diagonal(state) for run, state in zip(self.runs, at.states, strict=True)])

    def excess(self, at: Linearization) -> Tensor:
        """Σ c n ∂ℓᵀ (∂²ℓ)⁺ ∂ℓ."""
        parts = [
            run.columns.excess(state, _flat(at.residual[run.rows]))
            for run, state in zip(self.runs, at.states, strict=True)
        ]
        return torch.stack(parts).sum(0)

    def cancelled(self, at: Linearization) -> Tensor:
        """(R, m, B) the size of what was cancelled in G."""
        found = [run.columns.cancelled(state) for run, state in zip(self.runs, at.states, strict=True)]
        return self._join(found) * self.c_n_E

    def hessian_vector(self, at: Linearization, v: Tensor) -> Tensor:
        """∇²F(x) v."""
        dW, dH, db = self.split(v)
        du = self.logits(self.linear_change(at, v), db)
        runs = zip(self.runs, at.states, strict=True)
        dg = self._join([run.columns.curve(state, _flat(du[run.rows])) for run, state in runs])
        out = torch.empty_like(v)
        out_W, out_H, out_b = self.split(out)
        dG = dg * self.constants.E
        add_outer(add_outer(out_W.copy_(dW), dG, at.H_hat), at.G, dH)
        add_inner(add_inner(out_H.copy_(dH), at.W_hat, dG), dW, at.G)
        self._bias_part(out_b, db, dg)
        return out

    def _bias_part(self, out: Tensor, b_hat: Tensor, by_logit: Tensor) -> None:
        """ρ b̂ + e Σ_l by_logit, in ``out``; under a free bias less the means that losses are blind to."""
        torch.mul(self.constants.rho, b_hat, out=out)
        if self.shape.bias == NONE:
            return
        out.addcmul_(self.constants.e, by_logit.sum(1))
        if self.shape.bias == FREE_BIAS:
            for run in self.runs:
                if run.loss.shift_blind:
                    out[run.rows] = run.blocks.centred(out[run.rows])

    def _join(self, parts: list[Tensor]) -> Tensor:
        """(R, m, B) of the rows' columns side by side."""
        rows = parts[0] if len(parts) == 1 else torch.cat(parts)
        return rows.view(self.shape.rows, self.shape.columns, -1)


def _flat(rows: Tensor) -> Tensor:
    """(R', m B) of (R', m, B)."""
    return rows.flatten(1)


def _rows(rows: Tensor) -> Tensor:
    """(R m, B) of (R, m, B)."""
    return rows.flatten(0, 1)
