"""The training loop against a bare PyTorch loop of the same model: images a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.batches import epoch_batches
from ufm_networks.training import read_config
from ufm_networks.training.assembly import assemble
from ufm_networks.training.processes import Processes
from ufm_networks.training.run import build_network

BATCH, ROUNDS = 128, 9


def made_data(samples: int, side: int) -> TaskData:
    """Noise with labels of two tasks."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (samples, 3, side, side), dtype=np.uint8)
    labels = np.stack(np.unravel_index(np.arange(samples) % 100, (10, 10)), axis=1).astype(np.int64)
    return TaskData("noise", ArrayImages(images), labels, (10, 10), "single", (0.5,) * 3, (0.25,) * 3)


def bare_epoch(config: Any, data: TaskData, device: torch.device) -> Callable[[], None]:
    """What one would write by hand: tensors on the device, cross-entropy, backward, SGD."""
    network: Any = build_network(config, data).to(device).train()
    on_gpu = device.type == "cuda"
    layout = torch.channels_last if on_gpu else torch.contiguous_format
    network = network.to(memory_format=layout)
    if on_gpu:
        network = torch.compile(network)
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "fused": True if on_gpu else None}
    optimizer = torch.optim.SGD(network.parameters(), **settings)
    images = torch.from_numpy(data.images[np.arange(len(data))]).to(device)
    labels = torch.from_numpy(data.labels).to(device)

    def epoch() -> None:
        order = torch.randperm(len(images)).to(device)
        for index in order.split(BATCH):
            x = (images[index].float() / 255 - 0.5) / 0.25
            x = x.contiguous(memory_format=layout)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=on_gpu):
                _, logits = network(x)
                loss = sum(F.cross_entropy(u, labels[index, t]) for t, u in enumerate(logits))
            loss.backward()
            optimizer.step()
        if on_gpu:
            torch.cuda.synchronize()

    return epoch


def compare(benchmark: Any, config: Any, data: TaskData, device: torch.device) -> None:
    """The two in turn, so that what else the machine does meets both alike."""
    benchmark.extra_info["reach"] = "0.95 × a bare loop's images/s"
    loop = assemble(config, data, Processes(device))
    seeds = iter(range(1000))

    def ours() -> None:
        float(loop.epoch(epoch_batches(len(data), BATCH, 0, next(seeds)))[0].sum())

    bare = bare_epoch(config, data, device)
    ours()
    bare()
    ratios = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        bare()
        middle = time.perf_counter()
        ours()
        ratios.append((middle - start) / (time.perf_counter() - middle))
    benchmark.pedantic(ours, rounds=3)
    benchmark.extra_info["images/s"] = len(data) / benchmark.stats.stats.median
    benchmark.extra_info["times the bare loop's speed"] = median(ratios)
    assert median(ratios) >= 0.95


@pytest.mark.parametrize(("backbone", "width"), [("resnet18", 8), ("vgg11", 16)])
def test_training_loop(benchmark: Any, backbone: str, width: int) -> None:
    config = read_config({"model": {"backbone": backbone, "width": width}, "train": {"batch_size": BATCH}})
    compare(benchmark, config, made_data(1024, 16), torch.device("cpu"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_loop_on_a_gpu(benchmark: Any) -> None:
    config = read_config({"model": {"backbone": "resnet18"}, "train": {"batch_size": BATCH}})
    compare(benchmark, config, made_data(50_000, 32), torch.device("cuda"))
