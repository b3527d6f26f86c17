"""The first pass over a loader: label tuples, means, spread, losses."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from ufm.losses import LOSSES, LossName
from ufm_networks.features.task_losses import task_loss
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.metrics.streaming import gathered
from ufm_networks.observing.batch_labels import Int
from ufm_networks.observing.shown import LabelTable, Shown
from ufm_networks.training.processes import Processes

NAMES = cast(tuple[LossName, ...], tuple(LOSSES))


class FirstPass:
    """Sums over the samples of a loader, in float64; features are not kept.

    table    the label tuples that occur; moments, of their features; shown, the record to compare the second pass with
    losses   (L, T) SUM over labelled samples of each loss of ``ufm.losses``, from features and heads
    least    the smallest entry of any feature
    """

    def __init__(self, table: LabelTable, W: list[Tensor], b: list[Tensor]) -> None:
        self.table, self.W, self.b = table, W, b
        dim, device = W[0].shape[1], W[0].device
        self.moments, self.shown = FeatureMoments(0, dim, device), Shown(dim, device)
        self.losses = torch.zeros(len(LOSSES), len(W), dtype=torch.float64, device=device)
        self.least = torch.full((), torch.inf, dtype=torch.float64, device=device)

    def add(self, h: Tensor, labels: Int) -> None:
        """Features (n, d) in float64 with labels (n, T)."""
        groups = self.table.groups(labels)
        self.moments.grow(len(self.table.number))
        self.moments.add(h, groups)
        self.shown.add(h, groups)
        self.least = torch.minimum(self.least, h.min())
        y = torch.from_numpy(labels).to(h.device)
        for t, (w, v) in enumerate(zip(self.W, self.b, strict=True)):
            u = h @ w.T + v
            for i, loss in enumerate(NAMES):
                self.losses[i, t] += task_loss(loss, u, y, t, "single")

    def gather(self, processes: Processes) -> None:
        """Merges table, moments, losses and least of all processes."""
        whole = LabelTable(self.table.tasks)
        for rows in _tables(self.table.rows(), processes):
            whole.groups(rows)
        own = {row: g for g, row in enumerate(self.table.number)}
        absent = len(self.table.number)  # a group without samples, where there is one
        place = np.array([own.get(row, absent) for row in whole.number], dtype=np.int64)
        self.moments.grow(absent + 1)
        self.moments = gathered(self.moments.ordered(place), processes)
        self.losses = processes.sum(self.losses)
        self.least = torch.stack(processes.gather(self.least)).min()
        self.shown.rename(np.array([whole.number[row] for row in self.table.number], dtype=np.int64))
        self.table.number = whole.number

    def ordered(self, groups: Int) -> FeatureMoments:
        """The moments in this order; the previous order is discarded."""
        self.moments = self.moments.ordered(groups)
        return self.moments


def _tables(rows: Int, processes: Processes) -> list[Int]:
    """The tables of all processes, which may differ in length."""
    own = torch.from_numpy(rows).to(processes.device)
    lengths = [int(n) for n in processes.gather(torch.tensor(len(rows), device=processes.device))]
    padded = own.new_zeros(max(lengths), rows.shape[1])
    padded[: len(rows)] = own
    return [part[:n].cpu().numpy() for part, n in zip(processes.gather(padded), lengths, strict=True)]
