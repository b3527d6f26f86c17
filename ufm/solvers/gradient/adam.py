"""Adam, full batch.

    m ← β₁ m + (1 − β₁) ∇F,   v ← β₂ v + (1 − β₂) (∇F)²,   x ← x − η (m / (1 − β₁^k)) / (√(v / (1 − β₂^k)) + ε)

With a given learning rate: torch.optim.Adam's own, constant. By default: in balanced units, the rate of each of H, W
and b a tenth of the size that gives logits of order one, brought to zero along a cosine over the whole run, and
β₁ = β₂ = 0.95: v follows gradients that shrink by orders of magnitude with the rate, which β₂ = 0.999 would not.
Source: Kingma & Ba, ICLR 2015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point

RELATIVE_RATE = 0.1
BETA_2 = 0.95


@dataclass(frozen=True)
class Rates:
    """η of H, W and b; β₁, β₂, ε; over how many steps the rate goes to zero, None for a constant one."""

    H: float
    W: float
    b: float | Tensor
    beta_1: float
    beta_2: float
    epsilon: float
    horizon: int | None

    @classmethod
    def constant(cls, learning_rate: float, momentum: float) -> Rates:
        """As torch.optim.Adam(lr=learning_rate, betas=(momentum, 0.999))."""
        return cls(learning_rate, learning_rate, learning_rate, momentum, 0.999, 1e-8, None)

    @classmethod
    def natural(cls, start: Point, objective: Objective, momentum: float, horizon: int) -> Rates:
        """From the sizes of the start, whose logits are of order one; b moves by RELATIVE_RATE in its own units."""
        squares = objective.samples.ranks.mean(start.features.square()), start.heads.square().mean()
        H, W = (RELATIVE_RATE * float(square.sqrt()) for square in squares)
        b = RELATIVE_RATE / objective.units.scale.b if objective.samples.has_bias else 0.0
        return cls(H, W, b, momentum, BETA_2, 1e-15, horizon)

    def fraction(self, step: int) -> float:
        """Of η at 0-based ``step``: ½ (1 + cos(π step / horizon))."""
        return 1.0 if self.horizon is None else 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / self.horizon)))


class Adam(Method):
    """Memory: the point, m and v, and one chunk."""

    def __init__(self, objective: Objective, point: Point, rates: Rates) -> None:
        self.objective, self.point, self.rates = objective, point, rates
        self.m, self.v = point.like(), point.like()
        self.steps = 0

    def step(self) -> bool:
        """All samples once."""
        point, rates = self.point, self.rates
        heads = self.objective.heads(point)
        for chunk in self.objective.sweep(point, heads):
            gradient = self.objective.feature_gradient(chunk, heads)
            self._update(chunk.features, self.m.features[chunk.rows], self.v.features[chunk.rows], gradient, rates.H)
        W, b = self.objective.head_gradients(point, heads)
        self._update(point.heads, self.m.heads, self.v.heads, W, rates.W)
        self._update(point.bias, self.m.bias, self.v.bias, b, rates.b)
        self.steps += 1
        return True

    def _update(self, x: Tensor, m: Tensor, v: Tensor, gradient: Tensor, rate: float | Tensor) -> None:
        """Overwrites ``gradient``."""
        rates, k = self.rates, self.steps + 1
        m.lerp_(gradient, 1.0 - rates.beta_1)
        v.mul_(rates.beta_2).addcmul_(gradient, gradient, value=1.0 - rates.beta_2)
        size = torch.sqrt(v, out=gradient).div_(math.sqrt(1.0 - rates.beta_2**k)).add_(rates.epsilon)
        size.reciprocal_().mul_(rate)
        x.addcmul_(m, size, value=-rates.fraction(self.steps) / (1.0 - rates.beta_1**k))

    def state(self) -> dict[str, Tensor]:
        """x, m and v."""
        return {"point": self.point.vector, "m": self.m.vector, "v": self.v.vector}

    def numbers(self) -> dict[str, float]:
        """Steps taken, which the rate and the bias corrections depend on."""
        return {"steps": self.steps}

    def resume(self, numbers: dict[str, float]) -> None:
        """Nothing else is derived from the state."""
        self.steps = int(numbers["steps"])
