"""Dynamic weight average: tasks whose loss falls slowest weigh most.

    w_t = T e^{r_t / τ} / Σ_s e^{r_s / τ},      r_t = L_t(k − 1) / L_t(k − 2)

of the mean losses of the last two epochs; w = 1 in the first two. Source: Liu, Johns & Davison, CVPR 2019, eq. 7.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.support import validation
from ufm.weighting.task_weighting import TaskWeighting


class DWA(TaskWeighting):
    """temperature τ: 2, as published; the larger, the more even."""

    def __init__(
        self, tasks: int, *, temperature: float = 2.0, seed: int = 0, device: torch.device | str = "cpu"
    ) -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.temperature = validation.positive("temperature", temperature, 2.0)
        self.last = self.zeros(2, tasks).fill_(torch.nan)  # L(k − 2) and L(k − 1)

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """The softmax; of losses not seen yet, the ratio is 1, as it is of a loss that has stayed 0 to rounding."""
        ratio = torch.nan_to_num(self.last[1] / self.last[0], nan=1.0)
        return self.tasks * torch.softmax(torch.nan_to_num(ratio / self.temperature), dim=0)

    def epoch_ended(self, losses: Tensor) -> None:
        """L(k − 2) is forgotten."""
        self.last.copy_(torch.stack([self.last[1], losses.to(self.last)]))

    def state(self) -> dict[str, Tensor]:
        """The losses of two epochs."""
        return {"last": self.last}
