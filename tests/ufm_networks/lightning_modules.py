"""A Lightning module as users write it, and a Trainer that writes nothing but what a test asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from plain_models import ResNet
from torch import Tensor, nn


class Module(LightningModule):
    """A plain ResNet with two heads, in a module of Lightning."""

    def __init__(self, lr: float = 0.05) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network, self.lr = ResNet().double(), lr
        self.network.dropout.p = 0.0

    def forward(self, x: Tensor) -> Any:
        return self.network(x)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        x, y = batch
        u, v = self(x)
        return nn.functional.cross_entropy(u, y[:, 0]) + nn.functional.cross_entropy(v, y[:, 1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=self.lr)


HEADS = {"digit": "network.fc1", "colour": "network.fc2"}


def trainer(folder: Path, epochs: int = 2, **options: Any) -> Any:
    quiet: dict[str, Any] = {
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "logger": False,
        "num_sanity_val_steps": 0,
        "devices": 1,
    }
    return Trainer(max_epochs=epochs, accelerator="cpu", default_root_dir=folder, **{**quiet, **options})
