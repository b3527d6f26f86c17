"""Models as users write them, in plain PyTorch, with their data and what a hook by hand would see."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

CLASSES = (3, 4)
HEADS = {"digit": "fc1", "colour": "fc2"}


class Block(nn.Module):
    """torchvision's basic block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))))


class ResNet(nn.Module):
    def __init__(self, width: int = 12, bias: bool = True, classes: tuple[int, int] = CLASSES) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.layer1, self.layer2 = Block(width), Block(width)
        self.avgpool, self.dropout = nn.AdaptiveAvgPool2d(1), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(width, classes[0], bias=bias), nn.Linear(width, classes[1], bias=bias)

    def features(self, x: Tensor) -> Tensor:
        return self.dropout(torch.flatten(self.avgpool(self.layer2(self.layer1(self.conv1(x)))), 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.features(x)
        return self.fc1(h), self.fc2(h)


class Encoder(nn.Module):
    """A transformer layer whose heads read every token: (n, tokens, d)."""

    def __init__(self, d: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, d)
        self.layer = nn.TransformerEncoderLayer(d, 2, 16, dropout=0.1, batch_first=True)
        self.classifier = nn.ModuleDict({"digit": nn.Linear(d, 3), "colour": nn.Linear(d, 4)})

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> dict[str, Tensor]:
        h = self.layer(self.embed(input_ids))
        return {name: head(h).mean(dim=1) for name, head in self.classifier.items()}


def trained_statistics(model: nn.Module, x: Tensor) -> nn.Module:
    """Batch norms with running means of the data."""
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(x)
    return model


def images(n: int = 90, seed: int = 0, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """(n, 1, 6, 6) and labels (n, 2)."""
    own = torch.Generator().manual_seed(seed)
    y = torch.stack([torch.randint(0, k, (n,), generator=own) for k in CLASSES], dim=1)
    x = torch.randn(n, 1, 6, 6, generator=own, dtype=torch.float64)
    return (x + y[:, :1, None, None] - 0.5 * y[:, 1:, None, None]).to(dtype), y


def loader(x: Tensor, y: Any, *, shuffle: bool = True, batch: int = 16, **options: Any) -> Any:
    return DataLoader(TensorDataset(x, torch.as_tensor(y)), batch_size=batch, shuffle=shuffle, **options)


def by_hand(model: ResNet, x: Tensor) -> np.ndarray:
    """(n, d) features in evaluation mode."""
    training = model.training
    model.eval()
    with torch.no_grad():
        h = model.features(x).double().numpy()
    model.train(training)
    return h
