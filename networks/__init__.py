"""Real networks beside the theory: multi-task ResNets and VGGs, their data, training and geometry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from networks.backbones import backbone
    from networks.multi_task_network import MultiTaskNetwork
    from networks.training import Run, load_run, train

_HOMES = {
    "MultiTaskNetwork": "networks.multi_task_network",
    "Run": "networks.training",
    "backbone": "networks.backbones",
    "load_run": "networks.training",
    "train": "networks.training",
}

__all__ = ["MultiTaskNetwork", "Run", "backbone", "load_run", "train"]


def __getattr__(name: str) -> Any:
    """What is asked for is imported then, since the command line imports this package for every command."""
    if name not in _HOMES:
        raise AttributeError(f"module 'networks' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
