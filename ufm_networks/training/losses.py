"""Losses of a batch, one number per task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, assert_never, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from ufm.losses import LossName
from ufm.support.tables import Check, one_of
from ufm_networks.datasets.task_data import Kind
from ufm_networks.features.task_losses import task_loss
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.dot_regression import dot_regression

Loss = LossName | Literal["dot-regression"]
BatchLoss = Callable[[MultiTaskNetwork, Tensor, list[Tensor], Tensor, Kind], Tensor]


def cross_entropy(
    network: MultiTaskNetwork, features: Tensor, logits: list[Tensor], labels: Tensor, kind: Kind
) -> Tensor:
    """(T,) SUM over the batch of the cross-entropy of each task.

    logits  T tensors (n, K_t), u
    labels  "single" and "multi": (n, T), −1 where a sample is not of that task, which then adds nothing.
            "multilabel": (n, K) indicators of sets S, pick-all-label: Σ_{k∈S} CE = |S| lse(u) − Σ_{k∈S} u_k
    """
    match kind:
        case "multilabel":
            (u,) = logits
            members = labels.to(u.dtype)
            return (members.sum(dim=1) * torch.logsumexp(u, dim=1) - (members * u).sum(dim=1)).sum()[None]
        case "single" | "multi":
            return torch.stack(
                [F.cross_entropy(u, labels[:, t], ignore_index=-1, reduction="sum") for t, u in enumerate(logits)]
            )
        case unknown:
            assert_never(unknown)


def model_loss(name: LossName) -> BatchLoss:
    """A loss of the model as one of batches."""

    def of_batch(
        network: MultiTaskNetwork, features: Tensor, logits: list[Tensor], labels: Tensor, kind: Kind
    ) -> Tensor:
        return torch.stack([task_loss(name, u, labels, t, kind) for t, u in enumerate(logits)])

    return of_batch


LOSSES: dict[Loss, BatchLoss] = {
    **{name: model_loss(name) for name in get_args(LossName)},
    "cross-entropy": cross_entropy,  # torch's own, which is faster
    "dot-regression": dot_regression,
}
"""A loss is a function (network, features (n, d), logits, labels, kind) → (T,) sums over the batch, in float32."""


def loss_name() -> Check:
    """The name of a loss; underscores in place of hyphens, as in older configurations, are accepted."""
    known = one_of(LOSSES)

    def check(name: str, value: Any) -> Any:
        return known(name, value.replace("_", "-") if isinstance(value, str) else value)

    return check
