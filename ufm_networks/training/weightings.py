"""The weighting of a run, by its name in the configuration."""

from __future__ import annotations

import torch

from ufm.weighting import make_weighting
from ufm_networks.training.gradient_weighting import GradientWeighting
from ufm_networks.training.loss_weighting import LossWeighting
from ufm_networks.training.train_config import TrainConfig
from ufm_networks.training.weighting import Weighting
from ufm_networks.training.weighting_options import GRADIENTS, SHARED


def training_weighting(train: TrainConfig, tasks: int, device: torch.device) -> Weighting:
    """The weighting that [train] specifies."""
    options = dict(train.weighting_options)
    of = options.pop(GRADIENTS, SHARED[0])
    if train.weighting == "fixed":
        options["task_weights"] = train.task_weights
    rule = make_weighting(train.weighting, tasks, seed=train.seed, device=device, **options)
    return GradientWeighting(rule, of) if rule.gradients else LossWeighting(rule)
