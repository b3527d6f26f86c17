"""Uncertainty weighting, in the form for classification: weights are learned with the network.

    min over s, beside all else, of  Σ_t e^{−s_t} L_t + s_t / 2,      w_t = e^{−s_t},      ∂/∂s_t = 1/2 − e^{−s_t} L_t

with e^{s_t} the square of a softmax's temperature; it comes to rest at w_t L_t = 1/2. The form for regression has
e^{−s_t} L_t / 2 instead, which would rest at w_t L_t = 1. Source: Kendall, Gal & Cipolla, CVPR 2018, eq. 10.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.weighting.task_weighting import TaskWeighting


class Uncertainty(TaskWeighting):
    """s = 0 at first, moved by the optimizer with the rate and momentum of everything else.

    Of several sources, a task without a sample in the batch counts with L_t = 0: batch losses are estimates of L_t that
    are right in the mean over all batches, those included, and so is the gradient in s.
    """

    reads_losses = True

    def __init__(self, tasks: int, *, seed: int = 0, device: torch.device | str = "cpu") -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.learned: Tensor = self.zeros(tasks)

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """e^{−s}."""
        return torch.exp(-self.learned.detach())

    def learned_gradient(self, losses: Tensor) -> Tensor:
        """1/2 − e^{−s} L."""
        return 0.5 - self.weights(losses) * losses
