"""``torchrun … -m ufm solve … --method gradient``: one of P processes, of which the first prints and writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

LAUNCHED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # what torchrun sets
SILENCE = timedelta(minutes=5)  # of a process, after which the others take it for lost


def launched() -> bool:
    """Whether torchrun, or a compatible launcher, started this process."""
    return all(name in os.environ for name in LAUNCHED)


def own_device(device: str) -> str:
    """The process's own GPU among those of its host."""
    return f"cuda:{os.environ['LOCAL_RANK']}" if launched() and device == "cuda" else device


@contextmanager
def processes(method: str, device: str) -> Iterator[bool]:
    """Joins the process group inside the context; yields whether this is the first process, or the only one.

    Raises ValueError for several processes with a method other than "gradient".
    """
    if not launched():
        yield True
        return
    size = int(os.environ["WORLD_SIZE"])
    if method != "gradient":
        raise ValueError(
            f"--method {method} is for one process, and torchrun has started {size}: use --method gradient, or start "
            "without torchrun"
        )
    on_cards = device.startswith("cuda")
    if on_cards:
        torch.cuda.set_device(own_device(device))
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_cards else "gloo", timeout=SILENCE)
    try:
        yield dist.get_rank() == 0
    finally:
        dist.destroy_process_group()
