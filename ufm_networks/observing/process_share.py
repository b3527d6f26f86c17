"""This process's share of a loader's samples."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import DistributedSampler

from ufm_networks.training.processes import Processes, group


def distributed_sampler(loader: Any) -> DistributedSampler[Any] | None:
    """The DistributedSampler of a loader: its sampler, or its batch sampler's; else None."""
    batches = getattr(loader, "batch_sampler", None)
    found = (getattr(holder, "sampler", None) for holder in (loader, batches))
    return next((sampler for sampler in found if isinstance(sampler, DistributedSampler)), None)


def processes_of(loader: Any, device: torch.device | None = None) -> Processes | None:
    """``group``, whose shares are added up; None if a loader without ``DistributedSampler`` has them all."""
    return None if distributed_sampler(loader) is None else group(device)


def own_samples(loader: Any) -> int | None:
    """The number of this process's samples without those that a ``DistributedSampler`` added as padding.

    Sample j of rank r is number r + j R of the padded order, of which the first N are the data set.
    """
    sampler = distributed_sampler(loader)
    if sampler is None:
        return None
    total, share, ranks = len(sampler.dataset), len(sampler), sampler.num_replicas  # type: ignore[arg-type]
    return min(share, len(range(sampler.rank, total, ranks)))
