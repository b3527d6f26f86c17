"""One epoch: batches in, a step each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.features.batches import DeviceBatches
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.decay import Penalty
from ufm_networks.training.losses import BatchLoss
from ufm_networks.training.processes import Processes
from ufm_networks.training.weighting import Step, Weighting


@dataclass(frozen=True)
class Loop:
    """The training loop and everything a step needs.

        batch loss of task t   L_t = (N / N_t) (1/B) Σ_{i of t} loss_ti,  an estimate of the mean over task t's samples
        step                    along the gradient that the weighting computes from (L_t)_t and the penalty

    model       the network, possibly wrapped (DDP, compiled); its forward returns features and logits
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
        """Mean over the batches of the losses (T,) and the penalty (), and of the weights (T,) where a task is present.

        In that order: losses, weights, penalty.
        """
        parts = list(parts)
        self.network.train()
        losses, weights, steps = (torch.zeros_like(self.task_scale) for _ in range(3))
        penalties = losses.new_zeros(())
        world, rank = self.processes.world, self.processes.rank
        own = [np.array_split(part, world)[rank] for part in parts]
        shares = [world / len(part) for part in parts]
        for part, share, (images, labels, _) in zip(parts, shares, self.batches(own), strict=True):
            step = self._step(images, labels, share, self._present(part))
            in_effect = self.weighting.backward(step).detach()
            weights += in_effect * step.present
            steps += step.present
            self.optimizer.step()
            self.weighting.stepped(step)
            losses += step.losses.detach()
            penalties += step.penalty.detach() + in_effect @ step.own_penalties.detach()
        totals = self.processes.sum(torch.stack([losses, penalties.expand_as(losses)]))
        losses, penalties = totals / (len(parts) * world)
        return losses, weights / steps, penalties[0]

    def _present(self, part: NDArray[np.int64]) -> Tensor:
        """(T,) of bool: the tasks of which the whole batch, of all processes, holds a sample."""
        data = self.batches.data
        seen = (data.labels[part] >= 0).any(axis=0) if data.kind == "multi" else np.ones(len(data.classes), dtype=bool)
        return torch.from_numpy(seen).to(self.task_scale.device, non_blocking=True)

    def _step(self, images: Tensor, labels: Tensor, share: float, present: Tensor) -> Step:
        self.optimizer.zero_grad(set_to_none=True)
        features, losses = self._losses(images, labels, share)
        own_penalties, penalty = torch.zeros_like(losses), losses.new_zeros(())
        if self.penalty is not None:
            own_penalties, penalty = self.penalty(self.network, features.float(), labels, share)

        def again() -> Tensor:
            with torch.no_grad():
                return self._losses(images, labels, share)[1]

        return Step(losses, present, own_penalties, penalty, features, self.network, self.processes, again)

    def _losses(self, images: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Features (n, d) as the heads got them, and L (T,) in float32, whatever the network computes in."""
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.amp):
            features, logits = self.model(images)
        logits = [u.float() for u in logits]
        kind = self.batches.data.kind
        return features, self.loss(self.network, features.float(), logits, labels, kind) * (self.task_scale * share)
