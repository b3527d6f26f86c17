"""Unwrapping modules wrapped for several devices or by the compiler, and their names."""

from __future__ import annotations

from torch import nn

COMPILED = "_orig_mod"  # torch.compile's name for what it wraps
PARALLEL = (nn.parallel.DistributedDataParallel, nn.DataParallel)


def unwrapped(module: nn.Module) -> nn.Module:
    """The module below ``DistributedDataParallel``, ``DataParallel`` and ``torch.compile``."""
    while isinstance(module, PARALLEL) or COMPILED in module._modules:
        inner = module.module if isinstance(module, PARALLEL) else module._modules[COMPILED]
        assert isinstance(inner, nn.Module)
        module = inner
    return module


def dotted_names(model: nn.Module) -> dict[str, nn.Module]:
    """The modules of an unwrapped model by dotted name, in which no wrapper has a part; one of two names by both."""
    named = model.named_modules(remove_duplicate=False)
    return {plain_name(name): module for name, module in named if COMPILED not in module._modules}


def plain_name(name: str) -> str:
    """A dotted name without the compiler's parts."""
    return ".".join(part for part in name.split(".") if part != COMPILED)
