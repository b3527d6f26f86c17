"""Observes one model in two processes whose shares a sampler pads; started as by torchrun."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import torch
from plain_models import HEADS, ResNet, images, loader, trained_statistics
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, TensorDataset

import ufm_networks

SAMPLES = 91  # odd: one share is padded


def network() -> Any:
    torch.manual_seed(0)
    return trained_statistics(ResNet().double(), images()[0])


def data(wrong: bool = False) -> tuple[Any, Any]:
    x, y = images(SAMPLES)
    y[::7, 0] = -1
    y[y[:, 0] == 2, 0] = torch.tensor([2, 1]).repeat(SAMPLES)[: int((y[:, 0] == 2).sum())]
    if wrong:
        x[3] = torch.nan
    return x, y


def share(wrong: bool = False) -> Any:
    x, y = data(wrong)
    whole = TensorDataset(x, y)
    sampler = DistributedSampler(whole, shuffle=True, seed=3)
    if wrong:
        return loader(x, y, shuffle=False, sampler=sampler)
    return DataLoader(whole, batch_sampler=BatchSampler(sampler, 16, drop_last=False))


if __name__ == "__main__":
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    model = DistributedDataParallel(network())
    observed = ufm_networks.observe(model, share(), heads=HEADS, effective_rank=True)
    observed.save(Path(sys.argv[1]) / f"{rank}.safetensors")
    try:
        ufm_networks.observe(model, share(wrong=True), heads=HEADS)
    except (ValueError, RuntimeError) as error:
        (Path(sys.argv[1]) / f"{rank}.txt").write_text(f"{type(error).__name__}: {error}")
    del model
    gc.collect()  # a wrapped model holds the group in cycles, and its threads must end before Python does
    distributed.destroy_process_group()
