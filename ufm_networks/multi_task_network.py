"""Hard parameter sharing: one backbone, one linear head per task (Section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from ufm.support import validation
from ufm_networks.backbones.initialization import initialize
from ufm_networks.orthogonal_etf import orthogonal_etf

Heads = Literal["learned", "orthogonal_etf"]
HEADS = get_args(Heads)


class MultiTaskNetwork(nn.Module):
    """logits of task t = W^t h + b^t with h = backbone(image).

    backbone  a module (n, C, h, w) → (n, d) with ``feature_dim``
    classes   (K_1, …, K_T)
    heads     "learned", or "orthogonal_etf": frozen at orthogonal simplex ETFs of unit rows, without bias
    bias      of learned heads; True unless given

    ``heads`` is a ModuleList of T linear layers. Raises ValueError naming the field.
    """

    def __init__(
        self, backbone: Any, classes: Sequence[int], *, heads: Heads = "learned", bias: bool | None = None
    ) -> None:
        super().__init__()
        self.classes = validation.class_numbers("classes", classes)
        validation.one_of("heads", heads, HEADS)
        self.fixed = fixed = heads == "orthogonal_etf"
        if fixed and bias:
            raise ValueError("bias=True: heads='orthogonal_etf' are frozen and have no bias; leave it out")
        self.backbone = backbone
        dim = int(backbone.feature_dim)
        self.heads = nn.ModuleList(nn.Linear(dim, k, bias=not fixed and bias is not False) for k in self.classes)
        if fixed:
            self._fix_heads()

    def initialize(self, generator: torch.Generator) -> None:
        """Initializes all parameters: the backbone as published, heads as PyTorch's linear layers or as fixed.

        generator  draws them all, so that threads building networks do not interfere
        """
        initialize(self.backbone, generator)
        if self.fixed:
            self._fix_heads()
            return
        for head in self.heads:
            nn.init.kaiming_uniform_(head.weight, a=5**0.5, generator=generator)  # type: ignore[arg-type]
            if head.bias is not None:
                bound = self.feature_dim**-0.5
                nn.init.uniform_(head.bias, -bound, bound, generator=generator)  # type: ignore[arg-type]

    @torch.no_grad()
    def _fix_heads(self) -> None:
        for head, values in zip(self.heads, orthogonal_etf(self.classes, self.feature_dim), strict=True):
            head.weight.copy_(values)  # type: ignore[operator]
            head.weight.requires_grad_(False)

    @property
    def feature_dim(self) -> int:
        """The feature dimension d."""
        return int(self.backbone.feature_dim)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluation mode inside the context; the previous mode is restored afterwards."""
        training = self.training
        self.eval()
        try:
            yield
        finally:
            self.train(training)

    def features(self, images: Tensor) -> Tensor:
        """(n, d)."""
        features: Tensor = self.backbone(images)
        return features

    def logits(self, features: Tensor) -> list[Tensor]:
        """T tensors (n, K_t)."""
        return [head(features) for head in self.heads]

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Features (n, d) and logits, a list of T tensors (n, K_t)."""
        features = self.features(images)
        return features, self.logits(features)

    def head_arrays(self) -> tuple[list[Tensor], list[Tensor]]:
        """W, T tensors (K_t, d), and b, T tensors (K_t,), in float64 and apart from the graph; b = 0 without bias."""
        W: list[Tensor] = [head.weight.detach().double() for head in self.heads]  # type: ignore[operator]
        b: list[Tensor] = []
        for head, w in zip(self.heads, W, strict=True):
            bias = head.bias
            b.append(w.new_zeros(len(w)) if bias is None else bias.detach().double())  # type: ignore[operator]
        return W, b
