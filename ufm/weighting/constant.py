"""Weights that do not change."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ufm.weighting.task_weighting import TaskWeighting


class Uniform(TaskWeighting):
    """w_t = 1."""

    def __init__(self, tasks: int, *, seed: int = 0, device: torch.device | str = "cpu") -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.ones = self.zeros(tasks) + 1.0

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """Ones."""
        return self.ones


class Fixed(TaskWeighting):
    """w_t = c^t as given."""

    def __init__(
        self, tasks: int, *, task_weights: Sequence[float], seed: int = 0, device: torch.device | str = "cpu"
    ) -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.given = torch.tensor(task_weights, dtype=torch.float64, device=device)

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """c."""
        return self.given
