"""Accuracy and neural-collapse metrics of a network over a data set, in evaluation mode and single precision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.features.batches import DeviceBatches, plain_batches
from ufm_networks.metrics import Measured, stream_metrics
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.processes import Processes

Index = NDArray[np.int64]
BATCH = 256


class Evaluation:
    """Repeated measurements on one data set."""

    def __init__(self, batches: DeviceBatches, processes: Processes) -> None:
        self.batches, self.processes = batches, processes
        parts = plain_batches(len(batches.data), BATCH)
        self.parts = parts[processes.rank :: processes.world]

    def accuracy(self, network: MultiTaskNetwork) -> dict[str, float]:
        """Fractions of samples decided correctly: "accuracy_t" per task and "accuracy", their mean."""
        right = _Right(self)
        for _ in self._features(network, right):
            pass
        return right.fractions()

    def measure(self, network: MultiTaskNetwork, problem: Any) -> tuple[Measured, dict[str, float]]:
        """Metrics in two passes over the data, with the accuracies of the first.

        problem  the ufm problem of the data: its task weights c^t enter SNC4
        """
        right = _Right(self)
        seen: list[_Right | None] = [right, None]  # of the two passes
        W, b = network.head_arrays()
        processes = self.processes if self.processes.world > 1 else None
        measured = stream_metrics(
            problem,
            self.batches.data.labels,
            lambda: self._features(network, seen.pop(0)),
            W,
            b,
            processes=processes,
        )
        return measured, right.fractions()

    @torch.no_grad()
    def _features(self, network: MultiTaskNetwork, right: _Right | None) -> Iterator[tuple[Tensor, Index]]:
        """Features (n, d) of this process's share."""
        with network.evaluating():
            for images, labels, index in self.batches(self.parts):
                features = network.features(images)
                if right is not None:
                    right.add(network.logits(features), labels)
                yield features, index


class _Right:
    """Decisions counted per task."""

    def __init__(self, of: Evaluation) -> None:
        data, device = of.batches.data, of.batches.device
        self.kind, self.processes = data.kind, of.processes
        self.right = torch.zeros(len(data.classes), dtype=torch.float64, device=device)
        self.of = torch.zeros_like(self.right)

    def add(self, logits: list[Tensor], labels: Tensor) -> None:
        """Adds a batch; a label set counts as correct if its |S| members have the |S| largest logits."""
        match self.kind:
            case "multilabel":
                (u,) = logits
                members = labels > 0
                least_in = u.masked_fill(~members, torch.inf).amin(dim=1)
                most_out = u.masked_fill(members, -torch.inf).amax(dim=1)
                self.right += (least_in > most_out).sum()
                self.of += len(labels)
            case "single" | "multi":
                for t, u in enumerate(logits):
                    own = labels[:, t] >= 0
                    self.right[t] += ((u.argmax(dim=1) == labels[:, t]) & own).sum()
                    self.of[t] += own.sum()
            case unknown:
                assert_never(unknown)

    def fractions(self) -> dict[str, float]:
        """Over the samples of all processes."""
        counts = self.processes.sum(torch.stack([self.right, self.of]))
        fractions = (counts[0] / counts[1]).tolist()
        per_task = {f"accuracy_{t + 1}": value for t, value in enumerate(fractions)}
        return {"accuracy": float(np.mean(fractions)), **(per_task if len(fractions) > 1 else {})}
