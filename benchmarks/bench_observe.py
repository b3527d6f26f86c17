"""``ufm_networks.observe`` beside the bare forward passes of the same model, and what it keeps meanwhile."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import ufm_networks
from ufm_networks.backbones import backbone

N, K, DIM, SIDE, BATCH = 50_000, 100, 512, 32, 128
ROUNDS = 7


class Classifier(nn.Module):
    """ResNet18 as published for small images, d = 512, and a head of 100 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = backbone("resnet18", in_channels=3, image_size=SIDE)
        self.fc = nn.Linear(DIM, K)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.body(x))


class Table(nn.Module):
    """A model that costs nothing: features are its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(DIM, K)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


def bare(model: nn.Module, batches: Any, passes: int) -> None:
    """What one would write without measuring."""
    model.eval()
    with torch.no_grad():
        for _ in range(passes):
            for x, _ in batches:
                model(x)


def seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of this process: other processes of the machine do not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def ratio_to_bare(images: int, rounds: int, passes: int) -> float:
    """Of the least times of rounds in which both have their turn, who goes first by turns."""
    torch.manual_seed(0)
    model = Classifier()
    data = TensorDataset(torch.randn(images, 3, SIDE, SIDE), torch.arange(images) % K)
    loader = DataLoader(data, batch_size=BATCH)
    bare(model, loader, 1)
    works = {
        "observe": lambda: ufm_networks.observe(model, loader, heads={"label": "fc"}, passes=passes),
        "bare": lambda: bare(model, loader, passes),
    }
    least = dict.fromkeys(works, float("inf"))
    for number in range(rounds):
        for name in sorted(works, reverse=number % 2 == 1):
            least[name] = min(least[name], seconds(works[name]))
    return least["observe"] / least["bare"]


@pytest.mark.parametrize("passes", [1, 2])
def test_time(benchmark: Any, passes: int) -> None:
    """One batch a round at the full size: both grow alike with the number of images."""
    benchmark.extra_info["reach"] = "1.05 × as many bare forward passes"
    ratio = benchmark.pedantic(lambda: ratio_to_bare(BATCH, ROUNDS, passes), rounds=1)
    benchmark.extra_info["times the bare passes"] = ratio
    assert ratio <= 1.05


@pytest.mark.slow
def test_time_of_all_images(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "1.05 × as many bare forward passes"
    ratio = benchmark.pedantic(lambda: ratio_to_bare(N, 1, 2), rounds=1)
    benchmark.extra_info["times the bare passes"] = ratio
    assert ratio <= 1.05


def held() -> int:
    """Bytes of all tensors' own storages, and of arrays, which tracemalloc sees."""
    storages = {}
    for thing in gc.get_objects():
        if issubclass(type(thing), Tensor):  # isinstance asks the thing itself, and some of them warn
            storage = thing.untyped_storage()
            if storage.resizable():  # else an array's
                storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values()) + tracemalloc.get_traced_memory()[0]


def test_memory(benchmark: Any) -> None:
    """Held while the model runs, N = 50,000: where a forward pass needs most, so that this is what comes on top."""
    model = Table()
    H = torch.randn(N, DIM)
    batches = [(h, torch.arange(i * BATCH, i * BATCH + len(h)) % K) for i, h in enumerate(H.split(BATCH))]
    most = 0

    def look(*_: Any) -> None:
        nonlocal most, calls
        calls += 1
        if calls % 100 == 0 or calls in (len(batches), 2 * len(batches)):
            most = max(most, held())

    def run() -> None:
        nonlocal calls
        calls = 0
        ufm_networks.observe(model, batches, heads={"label": "fc"})

    calls = 1
    run()  # what is loaded and made once
    model.register_forward_pre_hook(look)
    gc.collect()
    tracemalloc.start()
    before = held()
    most = 0
    benchmark.pedantic(run, rounds=1)
    tracemalloc.stop()
    floats = (most - before) / 8
    reach = 3 * (K + K) * DIM
    benchmark.extra_info["reach"] = f"{reach:,} float64: 3 (Σ K_t + label tuples) d"
    benchmark.extra_info["float64 held"] = floats
    assert floats <= reach
