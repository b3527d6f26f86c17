"""Any object with every tensor in it on the meta device, for a GPU: devices are followed, values are not there."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

META = torch.device("meta")
READS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "unique", "bincount", "repeat_interleave")


class Traffic(TorchDispatchMode):
    """What a step does that a GPU is waited for, or could not do: reads, copies, operands on two devices."""

    def __init__(self) -> None:
        super().__init__()
        self.operations, self.found = 0, []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        self.operations += 1
        flat = [x for arg in args for x in (arg if isinstance(arg, list | tuple) else [arg]) if isinstance(x, Tensor)]
        # a number of no dimensions on the CPU is an argument of the kernel
        if len({x.device for x in flat if x.ndim}) > 1:
            self.found.append(f"{name}: operands on two devices")
        if name in READS or (name == "index" and any(x is not None and x.dtype == torch.bool for x in args[1])):
            self.found.append(name)
        out = func(*args, **(kwargs or {}))
        if name == "_to_copy" and out.device != flat[0].device:
            self.found.append(f"{name}: from {flat[0].device} to {out.device}")
        return out


def elsewhere(found: Any, seen: dict[int, Any] | None = None) -> Any:
    """A copy of the object there, of what belongs to ufm and of containers; all else is shared."""
    seen = {} if seen is None else seen
    if id(found) in seen:
        return seen[id(found)]
    new: Any = found
    if isinstance(found, Tensor):
        new = torch.empty_strided(found.shape, found.stride(), dtype=found.dtype, device=META)
    elif isinstance(found, torch.device):
        new = META
    elif isinstance(found, tuple) and hasattr(found, "_fields"):
        new = type(found)(*(elsewhere(x, seen) for x in found))
    elif isinstance(found, list | tuple):
        new = type(found)(elsewhere(x, seen) for x in found)
    elif isinstance(found, dict):
        new = {key: elsewhere(x, seen) for key, x in found.items()}
    elif type(found).__module__.startswith("ufm") and hasattr(found, "__dict__"):
        new = seen[id(found)] = copy.copy(found)
        for name, value in vars(found).items():
            object.__setattr__(new, name, elsewhere(value, seen))
    seen[id(found)] = new
    return new
