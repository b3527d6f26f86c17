"""Feature decay: the penalty with which a network minimizes the objective of the unconstrained feature model.

Problem (3) with reduction="sum", divided by N, over the features h_i of a network:

    F / N = Σ_t c^t (1/N) Σ_i CE_ti + λ_H (1/N) Σ_i ‖h_i‖² + Σ_t (c^t / N) (λ_W ‖W^t‖² + λ_b ‖b^t‖²).

A batch estimates the two means, the rest is added as it is. So the λ's in a configuration are exactly those of
``ufm.SingleSource(counts, lambda_H=…, lambda_W=…, lambda_b=…, reduction="sum")``; with reduction="mean" the same
problem has λ's smaller by the factor N.

Problem (4) separates into tasks, F = Σ_t c^t F_t, and its minimizer does not change if every F_t is divided by its
own N_t, as the loss of the network is (the paper's eq. 2):

    Σ_t (c^t / N_t) [ Σ_{i of t} (CE_i + λ_H ‖h_i‖²) + λ_W ‖W^t‖² + λ_b ‖b^t‖² ].

With weight decay instead the optimizer adds (wd / 2) ‖θ‖², which for a head is λ_W = λ_b = N wd / 2. Features are
decayed only through the backbone; at a stationary point λ_H = λ_W ‖W‖² / ‖H‖² is in effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ufm.support import validation
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.config import Config, FeatureDecay


@dataclass(frozen=True)
class UFMLambdas:
    """λ's of the unconstrained feature model a network is trained as, with reduction="sum".

    lambda_H is None with weight decay: ``effective_lambda_H`` gives it at a trained network.
    """

    lambda_H: float | None
    lambda_W: float
    lambda_b: float
    reduction: str = "sum"

    def effective_lambda_H(self, squared_W: float, squared_H: float) -> float:
        """λ_W ‖W‖² / ‖H‖², which λ_H is at every stationary point of the model (‖H‖² over all N samples)."""
        return self.lambda_W * squared_W / squared_H


def ufm_lambdas(config: Config, N: int) -> UFMLambdas:
    """λ's such that the network minimizes F / N (module's equations) over what its features can be.

    N  samples; of several sources, the samples N_t of a task
    Raises ValueError if weight decay has no λ's: with none at all, or with task weights other than 1, beside which
    Problem (3) has c^t λ_W and weight decay has not.
    """
    samples = validation.whole_number("N", N, 1)
    train = config.train
    if train.feature_decay is not None:
        return UFMLambdas(train.feature_decay.lambda_H, train.feature_decay.lambda_W, train.feature_decay.lambda_b)
    if not train.weight_decay:
        raise ValueError(f"weight_decay={train.weight_decay!r}: without decay there is no λ; use feature_decay")
    if train.task_weights is not None and any(c != 1 for c in train.task_weights):
        raise ValueError(
            f"task_weights={train.task_weights} with weight_decay: the same decay on every head is not c^t λ_W of the "
            "model; use feature_decay, which is"
        )
    return weight_decay_lambdas(train.weight_decay, samples)


def weight_decay_lambdas(weight_decay: float, N: int) -> UFMLambdas:
    """λ_W = λ_b = N wd / 2 of ½ wd ‖θ‖² beside the mean loss of N samples."""
    half = N * weight_decay / 2.0
    return UFMLambdas(None, half, half)


class Penalty:
    """The penalty that feature decay adds to the losses of a batch: P_t to that of task t, with the same c^t, and P.

    head_weights    (T,) 1 / N_t
    sample_weights  (T,) of λ_H ‖h_i‖² in the mean over a batch, as a part of P_t: N / N_t for a sample of task t
                    (several sources); None if tasks share their samples, and λ_H ‖h_i‖² is P
    """

    def __init__(self, decay: FeatureDecay, head_weights: Tensor, sample_weights: Tensor | None) -> None:
        self.decay, self.head_weights, self.sample_weights = decay, head_weights, sample_weights

    def __call__(
        self, network: MultiTaskNetwork, features: Tensor, labels: Tensor, share: float
    ) -> tuple[Tensor, Tensor]:
        """(T,) P_t and () P of features (n, d) with labels (n, T); a sample is ``share`` of the mean over the batch."""
        squares = self.decay.lambda_H * share * features.square().sum(dim=1)
        own = self.head_weights * torch.stack([self._of_head(head) for head in network.heads])
        if self.sample_weights is None:
            return own, squares.sum()
        return own + self.sample_weights * (squares @ (labels >= 0).to(squares.dtype)), squares.new_zeros(())

    def _of_head(self, head: Any) -> Tensor:
        """λ_W ‖W^t‖² + λ_b ‖b^t‖²."""
        total = self.decay.lambda_W * torch.sum(head.weight**2)
        return total if head.bias is None else total + self.decay.lambda_b * torch.sum(head.bias**2)
