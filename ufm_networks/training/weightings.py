"""The weighting of a run, by its name in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from ufm.support.nearest_name import require_name
from ufm.weighting import WEIGHTINGS, check_options, make_weighting
from ufm_networks.training.gradient_weighting import SHARED, GradientWeighting
from ufm_networks.training.loss_weighting import LossWeighting
from ufm_networks.training.weighting import Weighting

if TYPE_CHECKING:
    from ufm_networks.training.config import TrainConfig

GRADIENTS = "gradients"
"""The option that says with respect to what gradients are taken; of those weightings that read them."""


def check_weighting(name: str, options: Mapping[str, Any]) -> None:
    """Raises ValueError for a name or an option that is not known, before any work."""
    require_name("weighting", name, WEIGHTINGS)
    if not isinstance(options, Mapping):
        raise TypeError(f"weighting_options must be a table of names and values, got {options!r}")
    options = dict(options)
    if WEIGHTINGS[name].gradients:
        require_name("weighting_options.gradients", options.pop(GRADIENTS, SHARED[0]), SHARED)
    check_options(name, {key: value for key, value in options.items() if key != "task_weights"})


def training_weighting(train: TrainConfig, tasks: int, device: torch.device) -> Weighting:
    """As [train] says."""
    options = dict(train.weighting_options)
    of = options.pop(GRADIENTS, SHARED[0])
    if train.weighting == "fixed":
        options["task_weights"] = train.task_weights
    rule = make_weighting(train.weighting, tasks, seed=train.seed, device=device, **options)
    return GradientWeighting(rule, of) if rule.gradients else LossWeighting(rule)
