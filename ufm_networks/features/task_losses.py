"""The model's losses on a batch of a network's logits: sums over samples, differentiable, of any of ``ufm.losses``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ufm.losses import LOSSES, LossName
from ufm_networks.datasets.task_data import Kind


def task_loss(loss: LossName, u: Tensor, labels: Tensor, task: int, kind: Kind) -> Tensor:
    """SUM over the batch of ℓ(u_i; y_i) of one task, in the dtype of the logits u (n, K), differentiable in them.

    labels  "single" and "multi": (n, T), −1 where a sample is not of that task, which then adds nothing.
            "multilabel": (n, K) indicators of sets
    """
    if kind == "multilabel":
        y, weight = labels.to(u.dtype), u.new_ones(len(u))
    else:
        own = labels[:, task].long()
        weight = (own >= 0).to(u.dtype)
        y = torch.nn.functional.one_hot(own.clamp_min(0), u.shape[1]).to(u.dtype) * weight[:, None]
    total: Tensor = _Sum.apply(u, y, weight, loss)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """Σ w ℓ as the solvers compute it, with the residual that they have for its gradient."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, y: Tensor, weight: Tensor, name: LossName) -> Tensor:
        loss = LOSSES[name]
        logits, target = u.T[None], (y.T * weight)[None]
        mass = y.sum(dim=1) if loss.shift_blind else torch.ones_like(weight)
        scaled, anchor = (weight * mass)[None, None], target.argmax(dim=1, keepdim=True)
        ctx.save_for_backward(loss.residual(logits, target, scaled, anchor)[0].T)
        return loss.loss(loss.margins(logits, anchor), target, scaled, anchor).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None, None, None]:
        (residual,) = ctx.saved_tensors
        return outer[0] * residual, None, None, None
