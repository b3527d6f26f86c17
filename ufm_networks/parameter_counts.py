"""Parameters that heads fixed at orthogonal simplex ETFs save (Table 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from ufm.support import validation
from ufm_networks.backbones import backbone
from ufm_networks.multi_task_network import Heads, MultiTaskNetwork


@dataclass(frozen=True)
class ParametersSaved:
    """Parameters of the same backbone with learned heads and with fixed ones.

    learned      of the backbone as published and heads with biases
    fixed        of the backbone with feature dimension Σ K_t, and of the frozen heads, which are constants but stored
    trained      those of ``fixed`` that are trained
    """

    backbone: str
    classes: tuple[int, ...]
    learned: int
    fixed: int
    trained: int

    @property
    def saved(self) -> float:
        """1 − trained / learned."""
        return 1.0 - self.trained / self.learned


def parameters_saved(
    name: str,
    classes: Sequence[int],
    *,
    in_channels: int = 3,
    image_size: int = 32,
    width: int = 64,
    stem: str = "auto",
) -> ParametersSaved:
    """Counted on networks that are really built, without memory for their values.

    name, in_channels, image_size, width, stem   as ``ufm_networks.backbone``; the defaults are those of Table 3
    classes  (K_1, …, K_T)

    Raises ValueError or TypeError as ``ufm_networks.backbone`` and ``MultiTaskNetwork``. Source: Table 3.
    """
    sizes = validation.class_numbers("classes", classes)

    def build(dim: int | None, heads: Heads) -> MultiTaskNetwork:
        with torch.device("meta"):
            shared = backbone(
                name, in_channels=in_channels, stem=stem, width=width, feature_dim=dim, image_size=image_size
            )
            return MultiTaskNetwork(shared, sizes, heads=heads)

    learned, fixed = build(None, "learned"), build(sum(sizes), "orthogonal_etf")
    return ParametersSaved(name, sizes, _count(learned), _count(fixed), _count(fixed, trained=True))


def _count(network: nn.Module, *, trained: bool = False) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad or not trained)
