"""A trained network as a point of the unconstrained feature model: label means, sums over samples, heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import LossName
from ufm_networks.datasets.task_data import Kind
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.features.task_losses import task_loss
from ufm_networks.metrics import stream_metrics
from ufm_networks.metrics.groups import Groups, label_groups

Float = NDArray[np.float64]


@dataclass(frozen=True)
class NetworkPoint:
    """What the model's objective and the metrics need from N features, without the features; float64.

    W, b             T arrays (K_t, d) and (K_t,); b = 0 of heads without bias
    labels           per form (m, T), (m, 1) or (m, K): labels as ``ufm`` orders them. One form, or one per task where
                     every task has samples of its own
    counts           per form (m,)
    means            per form (d, m) μ_l
    spread           per form (m,) mean ‖h − μ_l‖² within a label
    losses           per form (T,) or (1,) SUM over samples of every task's loss, from features and heads
    squared_features per form: Σ ‖h‖² over samples
    metrics          the neural-collapse metrics over all samples, named as ``verify.metrics`` does
    """

    W: list[Float]
    b: list[Float]
    labels: list[NDArray[np.int64]]
    counts: list[NDArray[np.int64]]
    means: list[Float]
    spread: list[Float]
    losses: list[Float]
    squared_features: list[float]
    metrics: dict[str, float]


def network_point(features: NetworkFeatures, task_weights: Any, loss: LossName = "cross-entropy") -> NetworkPoint:
    """Two passes over the data. Raises ValueError if a feature is not finite."""
    data, network = features.data, features.network
    problem: Any = data.problem(lambda_H=1.0, lambda_W=1.0, lambda_b=1.0, task_weights=task_weights)
    groups = label_groups(problem, data.labels)
    W, b = network.head_arrays()
    sums = _Sums(loss, data.kind, groups, W, b, features.batches.labels)

    def batches() -> Any:
        counted, sums.counting = sums.counting, False  # the first pass counts
        for h, numbers in features():
            if counted:
                sums.add(h.double(), numbers)
            yield h, numbers

    measured = stream_metrics(problem, data.labels, batches, W, b, classic=True)
    several = data.kind == "multi"
    return NetworkPoint(
        W=[w.cpu().numpy() for w in W],
        b=[v.cpu().numpy() for v in b],
        labels=[form.labels for form in groups.forms],
        counts=[form.counts for form in groups.forms],
        means=measured.means if several else [measured.means],
        spread=measured.spread if several else [measured.spread],
        losses=[row[row_of].cpu().numpy() for row, row_of in sums.of_forms()],
        squared_features=sums.squares.tolist(),
        metrics=measured.metrics,
    )


class _Sums:
    """Losses and squares of one pass, per form."""

    def __init__(
        self, loss: LossName, kind: Kind, groups: Groups, W: list[Tensor], b: list[Tensor], labels: Tensor
    ) -> None:
        self.loss, self.kind, self.groups, self.W, self.b, self.labels = loss, kind, groups, W, b, labels
        self.starts = np.array([block.start for block in groups.blocks])
        self.losses = torch.zeros(len(W), dtype=torch.float64, device=labels.device)
        self.squares = torch.zeros(len(groups.forms), dtype=torch.float64, device=labels.device)
        self.counting = True

    def add(self, h: Tensor, numbers: NDArray[np.int64]) -> None:
        """Features (n, d)."""
        form = np.searchsorted(self.starts, self.groups.of_sample[numbers], side="right") - 1
        self.squares.index_add_(0, torch.from_numpy(form).to(h.device), h.square().sum(dim=1))
        labels = self.labels.index_select(0, torch.from_numpy(numbers).to(h.device))
        for t, (w, v) in enumerate(zip(self.W, self.b, strict=True)):
            self.losses[t] += task_loss(self.loss, h @ w.T + v, labels, t, self.kind)

    def of_forms(self) -> list[tuple[Tensor, slice]]:
        """The tasks of each form."""
        if self.kind == "multi":
            return [(self.losses, slice(t, t + 1)) for t in range(len(self.W))]
        return [(self.losses, slice(None))]
