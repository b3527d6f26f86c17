"""FAMO: all losses are to fall by the same factor, judged from losses alone.

    w_t = z_t / (L_t Σ_s z_s / L_s),      z = softmax(ξ)
    δ   = ∂(Σ_t z_t (log L_t − log L_t⁺)) / ∂ξ,      ξ ← Adam step along δ + γ ξ

with L⁺ the losses of the same samples after the step: a task that fell by more than the others is to weigh less. The
step along w is that of log-losses, Σ_t z_t ∇log L_t, up to its length. Source: Liu et al., NeurIPS 2023, Algorithm 1.

Of several sources a batch may hold no sample of a task. That task neither fell nor stood still: δ compares the tasks
present, with the softmax over these, and is 0 for the others. In w an absent task stands with the loss it was last seen
to have, so that the others weigh what they weigh beside it; a task not seen yet is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.support import validation
from ufm.weighting.task_weighting import TaskWeighting

LEAST = 1e-8  # added to losses, as published
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class FAMO(TaskWeighting):
    """rate of ξ: 0.025; decay γ: 1e-3, as published."""

    reads_losses = True
    looks_back = True

    def __init__(
        self,
        tasks: int,
        *,
        rate: float = 0.025,
        decay: float = 1e-3,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.rate = validation.positive("rate", rate, 0.025)
        self.decay = validation.positive("decay", decay, 1e-3)
        self.xi, self.m, self.v = self.zeros(tasks), self.zeros(tasks), self.zeros(tasks)
        self.steps = self.zeros(1)
        self.last = self.zeros(tasks).fill_(torch.nan)  # the losses that were last seen

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """A convex combination."""
        seen = self._everything(present)
        known = torch.where(seen, losses, self.last)
        share = torch.softmax(self.xi, dim=0) / (known + LEAST)
        share = torch.where(seen | ~self.last.isnan(), share, 0.0)
        return share / share.sum()

    def stepped(self, before: Tensor, after: Tensor, present: Tensor | None = None) -> None:
        """Of the softmax the derivative along v is z (v − ⟨z, v⟩)."""
        seen = self._everything(present)
        z = torch.softmax(self.xi.masked_fill(~seen, -torch.inf), dim=0)
        fall = torch.where(seen, torch.log(before + LEAST) - torch.log(after + LEAST), 0.0)
        self.last.copy_(torch.where(seen, after, self.last))
        delta = z * (fall - z @ fall) + self.decay * self.xi
        self.steps += 1.0
        self.m.lerp_(delta, 1.0 - BETA_1)
        self.v.lerp_(delta.square(), 1.0 - BETA_2)
        mean, square = self.m / (1.0 - BETA_1**self.steps), self.v / (1.0 - BETA_2**self.steps)
        self.xi -= self.rate * mean / (square.sqrt() + EPSILON)

    def state(self) -> dict[str, Tensor]:
        """ξ, what Adam keeps, and the losses last seen."""
        return {"xi": self.xi, "m": self.m, "v": self.v, "steps": self.steps, "last": self.last}

    def _everything(self, present: Tensor | None) -> Tensor:
        """(T,) of bool."""
        return torch.ones(self.tasks, dtype=torch.bool, device=self.device) if present is None else present
