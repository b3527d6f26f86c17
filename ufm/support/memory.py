"""Memory is estimated before it is allocated, so that a problem that is too large gets a clear error."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import torch

CGROUP = Path("/sys/fs/cgroup")  # of a container, whose limit the machine's free memory says nothing of
ITS_FILES = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))

NO_MATTER = 2**24  # bytes, of which PyTorch itself takes many times as many: to ask takes as long as a small problem


def available_memory(device: torch.device | str) -> int:
    """Bytes free on the device; on the CPU no more than the process and its container may still take."""
    device = torch.device(device)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    left = [int(psutil.virtual_memory().available), *_left_to_the_process(), *_left_to_the_container()]
    return max(0, min(left))


def _left_to_the_process() -> list[int]:
    """The bytes that ulimit -v leaves, if it is set."""
    if sys.platform == "win32":
        return []
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return [] if limit == resource.RLIM_INFINITY else [limit - int(psutil.Process().memory_info().vms)]


def _left_to_the_container() -> list[int]:
    """The bytes that the control group leaves, if it has a limit."""
    left = []
    for limit, used in ITS_FILES:
        try:
            left.append(int((CGROUP / limit).read_text()) - int((CGROUP / used).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return left


def require_memory(
    needed: int,
    device: torch.device | str,
    what: str,
    advice: str = "use fewer columns, a smaller dim, or another device",
) -> None:
    """Raises MemoryError naming the need and the available memory unless ``needed`` bytes fit."""
    if needed <= NO_MATTER:
        return
    available = available_memory(device)
    if needed > available:
        raise MemoryError(
            f"{what} needs about {needed / 2**30:.3g} GiB on {device}, {available / 2**30:.3g} GiB are available; "
            f"{advice}"
        )
