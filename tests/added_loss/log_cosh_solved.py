"""The logarithm of the hyperbolic cosine: squared error near the target, an absolute value far from it.

ℓ(u; y) = Σ_k log cosh(u_k − y_k),      ∂ℓ = tanh(u − y),      ∂²ℓ v = (1 − tanh²(u − y)) ∘ v,  ‖∂²ℓ‖ ≤ 1.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses.loss import Columns, Float, Pieces
from ufm.losses.task_blocks import TaskBlocks

SMALLEST = 1e-300  # a curvature that float64 still divides by


def log_cosh(x: Tensor) -> Tensor:
    """|x| + log1p((e^{−2|x|} − 1)/2) for large |x|, log1p(2 sinh²(x/2)) for small: no digit is lost at 0."""
    size = x.abs()
    small = torch.log1p(2.0 * torch.sinh(0.5 * size.clamp_max(1.0)).square())
    return torch.where(size < 1.0, small, size + torch.log1p(torch.exp(-2.0 * size)) - math.log(2.0))


def slope_of(x: Tensor) -> Tensor:
    """1 − tanh² x = 1/cosh² x = 4 σ(2x) σ(−2x), which keeps its digits where it is tiny."""
    return 4.0 * torch.sigmoid(2.0 * x) * torch.sigmoid(-2.0 * x)


class TanhColumns:
    """As ``Columns``; the state is tanh(u − y) and 1 − tanh²(u − y)."""

    def __init__(self, blocks: TaskBlocks, y: Tensor, weight: Tensor) -> None:
        self.blocks, self.y, self.weight = blocks, y, weight

    def value(self, u: Tensor) -> tuple[Tensor, Pieces]:
        """Σ w log cosh(u − y)."""
        x = u - self.y
        return self.blocks.total(self.weight * log_cosh(x)), (x,)

    def linearize(self, pieces: Pieces) -> tuple[Pieces, Tensor]:
        """tanh(u − y)."""
        (x,) = pieces
        residual = torch.tanh(x)
        return (residual, slope_of(x)), residual

    def curve(self, state: Pieces, du: Tensor) -> Tensor:
        """w (1 − tanh²) du."""
        return du.mul_(state[1]).mul_(self.weight)

    def diagonal(self, state: Pieces) -> Tensor:
        """w (1 − tanh²)."""
        return self.weight * state[1]

    def remainder(self, state: Pieces, du: Tensor) -> Tensor:
        """Σ w [ log(p e^{2 q du} + q e^{−2 p du}) ], p = (1 + t)/2 and q = (1 − t)/2: two logits are behind it."""
        t, _ = state
        p, q = 0.5 * (1.0 + t), 0.5 * (1.0 - t)
        yes, no = 2.0 * q * du, -2.0 * p * du
        return self.blocks.total(self.weight * torch.log1p(p * (torch.expm1(yes) - yes) + q * (torch.expm1(no) - no)))

    def excess(self, state: Pieces, residual: Tensor) -> Tensor:
        """Σ w t² / (1 − t²)."""
        return self.blocks.total(self.weight * residual * residual / state[1].clamp_min(SMALLEST))

    def cancelled(self, state: Pieces) -> Tensor:
        """As squared error's."""
        return self.y.abs()

    def bias_curvature(self, reach: Tensor) -> Tensor:
        """At most Σ_l w."""
        return self.blocks.row_total(self.weight)


class LogCosh:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = False
    quadratic: ClassVar[bool] = False
    curvature_bound: ClassVar[float] = 1.0
    columns: ClassVar[type[Columns]] = TanhColumns

    @staticmethod
    def check(name: str, targets: Float) -> None:
        """Any real number will do."""

    @staticmethod
    def mass(y: Float) -> Float:
        """1."""
        return np.ones(y.shape[1])

    @staticmethod
    def unbounded(y: Float) -> NDArray[np.bool_]:
        """None: log cosh grows on either side."""
        return np.zeros(len(y), dtype=bool)

    @staticmethod
    def bias_curvature(y: Float, weight: Float, omega: Float, tau: float) -> Float:
        """At most Σ w, and about that where targets are fitted."""
        return np.full(len(y), weight.sum())

    @staticmethod
    def margins(logits: Tensor, anchor: Tensor) -> Tensor:
        """The logits themselves."""
        return logits

    @staticmethod
    def residual(logits: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """w tanh(u − y)."""
        return _difference(logits, target, weight).tanh_().mul_(weight)

    @staticmethod
    def loss(margin: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """Σ w log cosh(u − y)."""
        return (log_cosh(_difference(margin, target, weight)) * weight).sum(dtype=torch.float64)

    @staticmethod
    def along(margin: Tensor, first: Tensor, second: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Σ w ⟨t, u'⟩ and Σ w (1 − t²) u'² + w ⟨t, u''⟩."""
        x = _difference(margin, target, weight)
        gradient = x.tanh() * weight
        curvature = (slope_of(x) * weight * first * first).sum(dtype=torch.float64)
        return (gradient * first).sum(dtype=torch.float64), curvature + (gradient * second).sum(dtype=torch.float64)

    @staticmethod
    def convex(u: Any, y: Float, weight: Float) -> list[Any]:
        """Σ w [logistic(2 (u − y)) − (u − y) − log 2]."""
        import cvxpy  # late: an extra

        weights = np.broadcast_to(weight, y.shape)
        return [cvxpy.sum(cvxpy.multiply(weights, cvxpy.logistic(2.0 * (u - y)) - (u - y) - math.log(2.0)))]


def _difference(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """u − y of w y; 0 where w is."""
    return ((logits * weight).sub_(target) / weight).masked_fill_(weight == 0.0, 0.0)
