"""Full-batch gradient descent with momentum at a fixed learning rate η: torch.optim.SGD's recursion, fused.

    M ← μ M + ∇F(x),      x ← x − η M

per chunk of features, while it, its momentum and its residual are in cache: features and momentum are read and
written once a step, and the gradient of the features is never stored.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.samples import expand
from ufm.solvers.gradient.start import own_start


class FixedMomentum(Method):
    """``step()`` moves ``point`` in place; units as the objective's, the problem's own for Problem (3) literally.

    Memory: the point and its momentum, and one chunk.
    """

    def __init__(self, objective: Objective, point: Point, learning_rate: float, momentum: float) -> None:
        self.objective, self.point = objective, point
        self.learning_rate, self.mu = learning_rate, momentum
        self.momentum = point.like()

    def step(self) -> bool:
        """All samples once. M_i ← μ M_i + Wᵀ g_i + ρ_i h_i, h_i ← h_i − η M_i, then W and b."""
        point, momentum, objective = self.point, self.momentum, self.objective
        heads = objective.heads(point)
        for chunk in objective.sweep(point, heads):
            M = momentum.features[chunk.rows]
            M.addmm_(chunk.residual.T, heads.W, beta=self.mu)
            objective.add_penalty(M, chunk)
            chunk.features.add_(M, alpha=-self.learning_rate)
        W, b = objective.head_gradients(point, heads)
        for part, M, gradient in ((point.heads, momentum.heads, W), (point.bias, momentum.bias, b)):
            part.add_(M.mul_(self.mu).add_(gradient), alpha=-self.learning_rate)
        return True

    def state(self) -> dict[str, Tensor]:
        """x and M."""
        return {"point": self.point.vector, "momentum": self.momentum.vector}


def fixed_momentum(
    form: StandardForm,
    counts: NDArray[np.int64],
    *,
    dim: int,
    learning_rate: float,
    momentum: float = 0.9,
    seed: int = 0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> FixedMomentum:
    """At the random start of ``seed``, in the problem's own units: call ``step()`` under ``torch.no_grad()``."""
    objective, point = own_start(expand(form, counts, torch.device(device), dtype), dim, seed)
    return FixedMomentum(objective, point, learning_rate, momentum)
