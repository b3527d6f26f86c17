"""Memory is estimated before it is asked for, so that a problem too large is refused in words."""

from __future__ import annotations

import psutil
import torch


def available_memory(device: torch.device | str) -> int:
    """Bytes free on the device."""
    device = torch.device(device)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def require_memory(
    needed: int,
    device: torch.device | str,
    what: str,
    advice: str = "use fewer columns, a smaller dim, or another device",
) -> None:
    """MemoryError naming the need and what there is, unless ``needed`` bytes fit."""
    available = available_memory(device)
    if needed > available:
        raise MemoryError(
            f"{what} needs about {needed / 2**30:.3g} GiB on {device}, {available / 2**30:.3g} GiB are available; "
            f"{advice}"
        )
