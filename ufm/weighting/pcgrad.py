"""PCGrad: of each task's gradient, what conflicts with another task's is projected away.

    g ← ∇L_i;  for the other tasks j in random order:  if ⟨g, ∇L_j⟩ < 0 then  g ← g − (⟨g, ∇L_j⟩ / ‖∇L_j‖²) ∇L_j

and the step goes along the sum of these over i. Every g is Σ_j a_j ∇L_j, and ⟨g, ∇L_j⟩ = (G a)_j: coefficients do.
Source: Yu et al., NeurIPS 2020, Algorithm 1.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ufm.weighting.task_weighting import TaskWeighting


class PCGrad(TaskWeighting):
    """w = Σ_i a^(i). The order is drawn from (seed, step): every process and every resumed run draws the same."""

    gradients = True

    def __init__(self, tasks: int, *, seed: int = 0, device: torch.device | str = "cpu") -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.steps = torch.zeros((), dtype=torch.int64)

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """On the CPU: a loop over pairs of tasks."""
        assert gramian is not None
        G = gramian.cpu().numpy()
        random = np.random.default_rng((self.seed, int(self.steps)))
        total = np.zeros(self.tasks)
        for i in range(self.tasks):
            a = np.eye(self.tasks)[i]
            for j in random.permutation(self.tasks):
                overlap = G[j] @ a
                if j != i and overlap < 0.0 < G[j, j]:
                    a[j] -= overlap / G[j, j]
            total += a
        return torch.as_tensor(total, device=self.device)

    def stepped(self, before: Tensor, after: Tensor, present: Tensor | None = None) -> None:
        """Another step, another order."""
        self.steps += 1

    def state(self) -> dict[str, Tensor]:
        """The number of steps."""
        return {"steps": self.steps}
