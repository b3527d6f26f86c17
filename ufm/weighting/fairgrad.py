"""FairGrad: the step that is fairest to all tasks, in the sense of α-fairness.

    G w = w^{−1/α},  w > 0:      the step d = Σ_t w_t ∇L_t maximizes Σ_t ⟨∇L_t, d⟩^{1−α} / (1 − α) on a ball

w is the least point of the convex function ½ wᵀ G w − Σ_t w_t^{1−1/α} / (1 − 1/α), so that there is one at most. There
is none where Σ_t v_t ∇L_t = 0 for weights v ≥ 0 other than 0: no step serves all tasks then. A task with ∇L_t = 0 —
of several sources, one without a sample in the batch — has no part in the maximum: w_t = 0. α = 1 is proportional
fairness; larger α lifts the tasks that gain least. Source: Ban & Ji, ICML 2024, eq. 4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.support import validation
from ufm.weighting.fair_weights import fair_weights
from ufm.weighting.task_weighting import TaskWeighting

ALPHAS = 0.01, 10.0  # beyond, v = w^{−1/α} or w = v^{−α} soon leave float64


class FairGrad(TaskWeighting):
    """α from 0.01 to 10, 1 by default. Raises RuntimeError if no w exists: gradients vanish or oppose one another."""

    gradients = True

    def __init__(self, tasks: int, *, alpha: float = 1.0, seed: int = 0, device: torch.device | str = "cpu") -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.alpha = validation.positive("alpha", alpha, 1.0)
        least, most = ALPHAS
        if not least <= self.alpha <= most:
            bound = f"at least {least:g}" if self.alpha < least else f"at most {most:g}"
            raise ValueError(f"alpha must be {bound}, got {alpha!r}; 1 is a usual choice")

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """To rounding, of the Gramian as it is given."""
        assert gramian is not None
        G = gramian.cpu()
        moved = torch.nonzero(torch.diagonal(G) > 0)[:, 0]
        if not len(moved):
            raise RuntimeError(
                "weighting='fairgrad': every task's gradient is zero, and G w = w^{−1/α} has no solution"
            )
        w = self.zeros(self.tasks)
        found = fair_weights(G[moved][:, moved].double().numpy(), self.alpha)
        w[moved.to(w.device)] = torch.as_tensor(found, device=w.device)
        return w
