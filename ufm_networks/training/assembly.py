"""Assembles the training loop from a configuration and data."""

from __future__ import annotations

from typing import Any

import torch

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.batches import DeviceBatches
from ufm_networks.training.config import Config, TrainConfig
from ufm_networks.training.decay import Penalty
from ufm_networks.training.loop import Loop
from ufm_networks.training.losses import LOSSES
from ufm_networks.training.processes import Processes
from ufm_networks.training.run import build_network
from ufm_networks.training.synchronized_batch_norm import synchronize
from ufm_networks.training.weightings import training_weighting


def assemble(config: Config, data: TaskData, processes: Processes) -> Loop:
    """Builds network, optimizer, weighting and penalty of a run, on the device of this process."""
    train, device, tasks = config.train, processes.device, len(data.classes)
    on_gpu = device.type == "cuda"
    least = len(data) // -(-len(data) // train.batch_size)
    if least < 2 * processes.world:
        raise ValueError(
            f"batch_size={train.batch_size} cuts {len(data)} samples into batches of which some have {least}; batch "
            f"normalization needs {2 * processes.world}, two in each process: take another batch_size"
        )
    channels_last = train.channels_last_on(device)
    network = build_network(config, data).to(device)
    if channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if processes.world > 1:
        synchronize(network, device)
    weighting = training_weighting(train, tasks, device)
    model: Any = network
    if processes.world > 1 and not weighting.task_gradients:
        model = torch.nn.parallel.DistributedDataParallel(network)
    if on_gpu and train.compile is not False and not weighting.task_gradients:
        model = torch.compile(model)
    groups = [
        {"params": [p for p in network.parameters() if p.requires_grad], "weight_decay": train.weight_decay or 0.0}
    ]
    if weighting.parameters():
        groups.append({"params": weighting.parameters(), "weight_decay": 0.0})
    return Loop(
        network=network,
        model=model,
        batches=DeviceBatches(data, device, channels_last=channels_last),
        loss=LOSSES[train.loss],
        task_scale=len(data) / _samples_of_tasks(data, device),
        penalty=_penalty(config, data, device),
        weighting=weighting,
        optimizer=torch.optim.SGD(
            groups, lr=train.learning_rate, momentum=train.momentum, fused=True if on_gpu else None
        ),
        processes=processes,
        amp=on_gpu if train.amp == "auto" else bool(train.amp),
    )


def check_place(train: TrainConfig, processes: Processes) -> None:
    """Raises ValueError, TypeError or ModuleNotFoundError if this machine cannot execute the run."""
    train.channels_last_on(processes.device)
    if train.compile is True and processes.device.type != "cuda":
        raise ValueError(f"compile=true needs a CUDA device, this run is on {processes.device}; leave it at 'auto'")
    if train.batch_size < 2 * processes.world:
        raise ValueError(
            f"batch_size={train.batch_size} is too small for {processes.world} processes: batch normalization needs "
            f"two images in each, {2 * processes.world}"
        )
    training_weighting(train, 2, processes.device)  # its options' values, and the package it needs


def _penalty(config: Config, data: TaskData, device: torch.device) -> Penalty | None:
    decay = config.train.feature_decay
    if decay is None:
        return None
    samples = _samples_of_tasks(data, device)
    return Penalty(decay, 1.0 / samples, len(data) / samples if data.kind == "multi" else None)


def _samples_of_tasks(data: TaskData, device: torch.device) -> torch.Tensor:
    """(T,) N_t of several sources, N otherwise."""
    if data.kind == "multi":
        return torch.tensor([float(counts.sum()) for counts in data.class_counts], device=device)
    return torch.full((len(data.classes),), float(len(data)), device=device)
