"""The processes that train one network together: one alone, or those that torchrun started."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from ufm.support import validation


@dataclass(frozen=True)
class Processes:
    """This process among ``world`` of them, number ``rank``, with its device."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensor of every process, in order of rank."""
        if self.world == 1:
            return [tensor]
        parts = [torch.empty_like(tensor) for _ in range(self.world)]
        distributed.all_gather(parts, tensor.contiguous())
        return parts

    def sum(self, tensor: Tensor) -> Tensor:
        """Σ over processes, the same bits in all of them."""
        return torch.stack(self.gather(tensor)).sum(dim=0) if self.world > 1 else tensor

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Each tensor becomes its mean over processes, in one message."""
        if self.world > 1 and tensors:
            flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
            distributed.all_reduce(flat)
            parts = flat.div_(self.world).split([tensor.numel() for tensor in tensors])
            for tensor, part in zip(tensors, parts, strict=True):
                tensor.copy_(part.view_as(tensor))


def group(device: torch.device | None = None) -> Processes | None:
    """The processes of the program's process group; None for a single process.

    device  for communication: by default one whose tensors the group's backend takes
    """
    if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
        return None
    if device is None:
        nccl = distributed.get_backend() == "nccl"
        device = torch.device("cuda", torch.cuda.current_device()) if nccl else torch.device("cpu")
    return Processes(device, distributed.get_rank(), distributed.get_world_size())


@contextmanager
def running(device: str) -> Iterator[Processes]:
    """The processes of this run; device "auto" is CUDA if available, one GPU per process under torchrun."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and world > 1:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    place = validation.device(device)
    if place.type == "cuda":
        torch.cuda.set_device(place)
        torch.backends.cudnn.benchmark = True  # batches have two sizes at most
    if world == 1 and not distributed.is_initialized():
        yield Processes(place)
        return
    if not distributed.is_initialized():
        # kept until the process ends: a second group of the same torchrun would meet the first one's messages
        distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
        atexit.register(_leave_group)
    yield Processes(place, distributed.get_rank(), distributed.get_world_size())


def _leave_group() -> None:
    """Networks wrapped for several processes hold the group, in reference cycles. Those that outlive Python would end
    its threads too late: the process then aborts after its work, and torchrun ends the others in the middle of theirs.
    """
    gc.collect()
    distributed.destroy_process_group()
