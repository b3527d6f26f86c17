"""Squared error, with the one factor ½ of this project, so that its gradient reads like the others'.

    ℓ(u; y) = ½ ‖u − y‖²,   y ∈ R^K,      ∂ℓ = u − y,      ∂²ℓ v = v.

torch's ``MSELoss`` is 2/K times it, averaged over samples; Zhou et al. (2022) have 1/(2N) before the sum over samples.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ufm.losses.loss import Bool, Columns, Float, Pieces
from ufm.losses.task_blocks import TaskBlocks


class LinearColumns:
    """As ``Columns``; there is no state."""

    def __init__(self, blocks: TaskBlocks, y: Tensor, weight: Tensor) -> None:
        self.blocks, self.y, self.weight = blocks, y, weight

    def value(self, u: Tensor) -> tuple[Tensor, Pieces]:
        """½ Σ w (u − y)²."""
        residual = u - self.y
        return 0.5 * self.blocks.total(self.weight * residual * residual), (residual,)

    def linearize(self, pieces: Pieces) -> tuple[Pieces, Tensor]:
        """u − y."""
        return (), pieces[0]

    def curve(self, state: Pieces, du: Tensor) -> Tensor:
        """w du."""
        return du.mul_(self.weight)

    def diagonal(self, state: Pieces) -> Tensor:
        """w."""
        return self.weight

    def remainder(self, state: Pieces, du: Tensor) -> Tensor:
        """½ Σ w du²."""
        return 0.5 * self.blocks.total(self.weight * du * du)

    def excess(self, state: Pieces, residual: Tensor) -> Tensor:
        """Σ w (u − y)²."""
        return self.blocks.total(self.weight * residual * residual)

    def cancelled(self, state: Pieces) -> Tensor:
        """Where a target is fitted, logit and target are equal numbers."""
        return self.y.abs()

    def bias_curvature(self, reach: Tensor) -> Tensor:
        """Σ_l w, exactly."""
        return self.blocks.row_total(self.weight)


class SquaredError:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = False
    quadratic: ClassVar[bool] = True
    curvature_bound: ClassVar[float] = 1.0
    columns: ClassVar[type[Columns]] = LinearColumns

    @staticmethod
    def check(name: str, targets: Float) -> None:
        """Any real number will do."""

    @staticmethod
    def mass(y: Float) -> Float:
        """1: no softmax shares a mass out."""
        return np.ones(y.shape[1])

    @staticmethod
    def unbounded(y: Float) -> Bool:
        """None: the mean target is the best."""
        return np.zeros(len(y), dtype=bool)

    @staticmethod
    def bias_curvature(y: Float, weight: Float, omega: Float, tau: float) -> Float:
        """Σ w, exactly."""
        return np.full(len(y), weight.sum())

    @staticmethod
    def margins(logits: Tensor, anchor: Tensor) -> Tensor:
        """The logits themselves."""
        return logits

    @staticmethod
    def residual(logits: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """w u − w y."""
        return (logits * weight).sub_(target)

    @staticmethod
    def loss(margin: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """½ Σ (w u − w y)² / w, which is 0 where w is."""
        residual = (margin * weight).sub_(target)
        return 0.5 * (residual.square_() / weight).masked_fill_(weight == 0.0, 0.0).sum(dtype=torch.float64)

    @staticmethod
    def along(margin: Tensor, first: Tensor, second: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Σ ⟨w (u − y), u'⟩ and Σ w u'² + ⟨w (u − y), u''⟩."""
        gradient = (margin * weight).sub_(target)
        slope = (gradient * first).sum(dtype=torch.float64)
        curvature = (first * first * weight).sum(dtype=torch.float64)
        return slope, curvature + (gradient * second).sum(dtype=torch.float64)

    @staticmethod
    def convex(u: Any, y: Float, weight: Float) -> list[Any]:
        """½ ‖√w (u − y)‖²."""
        import cvxpy  # late: an extra

        return [0.5 * cvxpy.sum_squares(cvxpy.multiply(np.broadcast_to(np.sqrt(weight), y.shape), u - y))]
