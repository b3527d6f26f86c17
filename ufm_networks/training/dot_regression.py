"""Dot-regression loss, for heads that are fixed at simplex ETFs (Table 4; Yang et al., NeurIPS 2022)."""

from __future__ import annotations

import torch
from torch import Tensor

from ufm_networks.datasets.task_data import Kind
from ufm_networks.multi_task_network import MultiTaskNetwork


def dot_regression(
    network: MultiTaskNetwork, features: Tensor, logits: list[Tensor], labels: Tensor, kind: Kind
) -> Tensor:
    """(T,) SUM over the batch of

        L = 1 / (2 √(E_W E_H)) (⟨w_y^t, ĥ⟩ − √(E_W E_H))²,   ĥ = √E_H h / ‖h‖,   E_W = ‖w_k^t‖² = 1

    for one task with E_H = 1. The heads of a sample's m tasks are orthogonal, so that ⟨w_y^t, ĥ⟩ = 1 for all of them
    where ĥ = Σ_t w_{y_t}^t, of squared length m. That is the length of ĥ here, and L can be 0 in every task at once:

        single source  m = T:  L = ½ (√T ⟨w_y^t, h⟩ / ‖h‖ − 1)²,   0 at property 4 of Theorem 3.1
        several        m = 1:  L = ½ (⟨w_y^t, h⟩ / ‖h‖ − 1)²,      Yang et al.'s with E_W = E_H = 1

    Its gradient in ĥ is −(1 − ⟨w_y^t, ĥ⟩) w_y^t: the pull towards the own head of cross-entropy, without the push of
    all other heads by their probabilities, which frequent classes win.

    logits  T tensors (n, K_t), W^t h without bias
    labels  (n, T), −1 where a sample is not of that task, which then adds nothing

    After a final ReLU ⟨w_y^t, ĥ⟩ ≤ √((K_t − 1)/K_t), so that L stays above 0: leave the ReLU out. A feature of exactly
    0 has no direction and gives no gradient. Raises ValueError for label sets, whose Σ w_k has no fixed length.
    Source: Table 4; Yang et al. 2022, eq. 8; m > 1 is beyond the paper.
    """
    if kind == "multilabel":
        raise ValueError("loss='dot-regression' needs one class per task; of label sets Σ w_k has no fixed length")
    own = labels >= 0
    norm = features.norm(dim=1)
    scale = own.sum(dim=1).to(norm.dtype).sqrt() / norm.masked_fill(norm == 0, torch.inf)
    losses = []
    for t, u in enumerate(logits):
        along = u.gather(1, labels[:, t].clamp_min(0)[:, None])[:, 0] * scale
        losses.append((0.5 * (along - 1.0).square()).masked_fill(~own[:, t], 0.0).sum())
    return torch.stack(losses)
