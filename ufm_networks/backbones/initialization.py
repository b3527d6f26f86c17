"""Initial values as published: He et al. for convolutions, N(0, 0.01²) for the fully connected layers of VGG."""

from __future__ import annotations

import torch
from torch import nn


def initialize(backbone: nn.Module, generator: torch.Generator | None = None) -> None:
    """Convolutions N(0, 2 / (kernel area · output channels)) (Kaiming, fan_out), normalization 1 and 0, biases 0.

    generator  draws the values; PyTorch's global one unless given
    """
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.01, generator=generator)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
