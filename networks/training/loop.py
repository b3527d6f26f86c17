"""One epoch: batches in, a step each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from networks.multi_task_network import MultiTaskNetwork
from networks.training.batches import DeviceBatches
from networks.training.decay import Penalty
from networks.training.losses import BatchLoss
from networks.training.processes import Processes
from networks.training.weighting import Step, Weighting


@dataclass(frozen=True)
class Loop:
    """What a step needs.

        batch loss of task t   L_t = (N / N_t) (1/B) Σ_{i of t} loss_ti,  an estimate of the mean over task t's samples
        step                   along the gradient that the weighting makes of (L_t)_t and the penalty

    model       the network, or what wraps it (DDP, compiled); its forward gives features and logits
    task_scale  (T,) N / N_t, all 1 for a single source
    A batch of B samples is shared among the processes, each of which divides by B / world, so that the mean over
    processes is the mean over the batch.
    """

    network: MultiTaskNetwork
    model: Any
    batches: DeviceBatches
    loss: BatchLoss
    task_scale: Tensor
    penalty: Penalty | None
    weighting: Weighting
    optimizer: torch.optim.Optimizer
    processes: Processes
    amp: bool

    def epoch(self, parts: Iterable[NDArray[np.int64]]) -> tuple[Tensor, Tensor, Tensor]:
        """Mean over the batches of the losses (T,), the weights in effect (T,) and the penalty ()."""
        parts = list(parts)
        self.network.train()
        losses, weights = torch.zeros_like(self.task_scale), torch.zeros_like(self.task_scale)
        penalties = losses.new_zeros(())
        world, rank = self.processes.world, self.processes.rank
        own = [np.array_split(part, world)[rank] for part in parts]
        shares = [world / len(part) for part in parts]
        for share, (images, labels, _) in zip(shares, self.batches(own), strict=True):
            step = self._step(images, labels, share)
            in_effect = self.weighting.backward(step).detach()
            weights += in_effect
            self.optimizer.step()
            self.weighting.stepped(step)
            losses += step.losses.detach()
            penalties += step.penalty.detach() + in_effect @ step.own_penalties.detach()
        totals = self.processes.sum(torch.stack([losses, weights, penalties.expand_as(losses)]))
        losses, weights, penalties = totals / (len(parts) * world)
        return losses, weights, penalties[0]

    def _step(self, images: Tensor, labels: Tensor, share: float) -> Step:
        self.optimizer.zero_grad(set_to_none=True)
        features, losses = self._losses(images, labels, share)
        own_penalties, penalty = torch.zeros_like(losses), losses.new_zeros(())
        if self.penalty is not None:
            own_penalties, penalty = self.penalty(self.network, features.float(), labels, share)

        def again() -> Tensor:
            with torch.no_grad():
                return self._losses(images, labels, share)[1]

        return Step(losses, own_penalties, penalty, features, self.network, self.processes, again)

    def _losses(self, images: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Features (n, d) as the heads got them, and L (T,) in float32, whatever the network computes in."""
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.amp):
            features, logits = self.model(images)
        logits = [u.float() for u in logits]
        kind = self.batches.data.kind
        return features, self.loss(self.network, features.float(), logits, labels, kind) * (self.task_scale * share)
