"""Binary cross-entropy: a separate yes or no for every class, by a sigmoid.

    ℓ(u; y) = Σ_k log(1 + e^{u_k}) − y_k u_k,  0 ≤ y ≤ 1,     ∂ℓ = σ(u) − y,     ∂²ℓ v = σ(u) σ(−u) ∘ v,  ‖∂²ℓ‖ ≤ 1/4.

Written as Σ (1 − y) log(1 + e^u) + y log(1 + e^{−u}) and (1 − y) σ(u) − y σ(−u), which keep their digits where a class
is fitted.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ufm.losses.loss import Bool, Columns, Float, Pieces, smallest
from ufm.losses.task_blocks import TaskBlocks

USUAL = 0.2  # of the bound on the residual of hard targets: what minimizers have


class SigmoidColumns:
    """As ``Columns``; the state is σ(u) and σ(−u)."""

    def __init__(self, blocks: TaskBlocks, y: Tensor, weight: Tensor) -> None:
        self.blocks, self.y, self.weight = blocks, y, weight
        self.no = 1.0 - y

    def value(self, u: Tensor) -> tuple[Tensor, Pieces]:
        """Σ w [ log(1 + e^{−|u|}) + (1 − y) max(u, 0) + y max(−u, 0) ]."""
        small = torch.log1p(torch.exp(-u.abs()))
        wrong = torch.addcmul(self.no * u.clamp_min(0.0), self.y, u.clamp_max(0.0), value=-1.0)
        return self.blocks.total(self.weight * (small + wrong)), (u,)

    def linearize(self, pieces: Pieces) -> tuple[Pieces, Tensor]:
        """(1 − y) σ(u) − y σ(−u)."""
        (u,) = pieces
        p, q = torch.sigmoid(u), torch.sigmoid(-u)
        return (p, q), torch.addcmul(self.no * p, self.y, q, value=-1.0)

    def curve(self, state: Pieces, du: Tensor) -> Tensor:
        """w σ(u) σ(−u) du."""
        p, q = state
        return du.mul_(p).mul_(q).mul_(self.weight)

    def diagonal(self, state: Pieces) -> Tensor:
        """w σ(u) σ(−u)."""
        p, q = state
        return self.weight * p * q

    def remainder(self, state: Pieces, du: Tensor) -> Tensor:
        """Σ w [ log(p e^{q du} + q e^{−p du}) ], p = σ(u), q = σ(−u): a softmax of two logits, one of them 0."""
        p, q = state
        yes, no = q * du, -p * du
        curved = torch.log1p(p * (torch.expm1(yes) - yes) + q * (torch.expm1(no) - no))
        return self.blocks.total(self.weight * curved)

    def excess(self, state: Pieces, residual: Tensor) -> Tensor:
        """Σ w (σ(u) − y)² / (σ(u) σ(−u))."""
        p, q = state
        return self.blocks.total(self.weight * residual**2 / (p * q).clamp_min(smallest(residual.dtype)))

    def cancelled(self, state: Pieces) -> Tensor:
        """Targets between 0 and 1 leave a difference of equal numbers; 0 and 1 do not."""
        p, q = state
        return torch.minimum(self.no * p, self.y * q)

    def bias_curvature(self, reach: Tensor) -> Tensor:
        """σ(u) σ(−u) is at most the residual's size, whose norm over the columns τ bounds."""
        return reach


class BinaryCrossEntropy:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = False
    quadratic: ClassVar[bool] = False
    curvature_bound: ClassVar[float] = 0.25
    columns: ClassVar[type[Columns]] = SigmoidColumns

    @staticmethod
    def check(name: str, targets: Float) -> None:
        """Every target in [0, 1]."""
        outside = (targets < 0) | (targets > 1)
        if outside.any():
            row, column = np.argwhere(outside)[0].tolist()
            raise ValueError(
                f"{name}[{row}, {column}] = {targets[row, column]:g} is outside [0, 1], where binary cross-entropy's "
                "targets are; ufm.Regression takes any real targets"
            )

    @staticmethod
    def mass(y: Float) -> Float:
        """1: no softmax shares a mass out."""
        return np.ones(y.shape[1])

    @staticmethod
    def unbounded(y: Float) -> Bool:
        """The classes of no sample and those of every sample."""
        return np.asarray((y == 0.0).all(axis=1) | (y == 1.0).all(axis=1))

    @staticmethod
    def bias_curvature(y: Float, weight: Float, omega: Float, tau: float) -> Float:
        """As for cross-entropy, but samples without the class count like those with it."""
        soft = (weight * y * (1.0 - y)).sum(axis=1)
        hard = USUAL * tau * np.sqrt(weight @ omega)
        return np.asarray(np.minimum(soft + hard, weight.sum() / 4))

    @staticmethod
    def margins(logits: Tensor, anchor: Tensor) -> Tensor:
        """The logits themselves."""
        return logits

    @staticmethod
    def residual(logits: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """(w − w y) σ(u) − w y σ(−u)."""
        return torch.sigmoid(logits).mul_(weight - target).sub_(torch.sigmoid(-logits).mul_(target))

    @staticmethod
    def loss(margin: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """Σ w log(1 + e^{−|u|}) + (w − w y) max(u, 0) + w y max(−u, 0)."""
        terms = torch.log1p(torch.exp(-margin.abs())).mul_(weight)
        terms.addcmul_(weight - target, margin.clamp_min(0.0)).addcmul_(target, margin.clamp_max(0.0), value=-1.0)
        return terms.sum(dtype=torch.float64)

    @staticmethod
    def along(margin: Tensor, first: Tensor, second: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Σ ⟨g, u'⟩ and Σ w σ(u) σ(−u) u'² + ⟨g, u''⟩."""
        p, q = torch.sigmoid(margin), torch.sigmoid(-margin)
        gradient = torch.addcmul((weight - target) * p, target, q, value=-1.0)
        curvature = p.mul_(q).mul_(weight).mul_(first).mul_(first)
        slope = (gradient * first).sum(dtype=torch.float64)
        return slope, curvature.sum(dtype=torch.float64) + (gradient * second).sum(dtype=torch.float64)

    @staticmethod
    def convex(u: Any, y: Float, weight: Float) -> list[Any]:
        """Σ w logistic(u) − ⟨w y, u⟩."""
        import cvxpy  # late: an extra

        return [
            cvxpy.sum(cvxpy.multiply(np.broadcast_to(weight, y.shape), cvxpy.logistic(u))),
            -cvxpy.sum(cvxpy.multiply(weight * y, u)),
        ]
