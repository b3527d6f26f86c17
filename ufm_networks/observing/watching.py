"""A model under observation: evaluation mode, no gradients, hooks on its heads; all restored afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ufm_networks.observing.evaluation import evaluating
from ufm_networks.observing.heads import Heads
from ufm_networks.observing.wrappers import unwrapped

__all__ = ["Entering", "placed", "unwrapped", "watching"]


class Entering:
    """The input of each head in the last forward pass, by task."""

    def __init__(self) -> None:
        self.seen: dict[str, Tensor] = {}
        self._version: dict[str, int] = {}
        self.again: str | None = None

    def hook(self, task: str) -> Any:
        """A forward pre-hook with keywords."""

        def record(_: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
            if task in self.seen:
                self.again = task
            h = args[0] if args else kwargs["input"]
            self.seen[task] = h.detach()
            self._version[task] = _version(h)

        return record

    def require_untouched(self, where: str) -> None:
        """Raises ValueError if the model has overwritten the input of a head, which a detached view shares."""
        for task, h in self.seen.items():
            if _version(h) != self._version[task]:
                raise ValueError(
                    f"{where}: the model writes over what has entered head {task!r}, so that its features are lost; "
                    "operations in place, such as h.add_(…), h += … or relu_(h), must come before the heads"
                )

    def clear(self) -> None:
        """Before a forward pass."""
        self.seen.clear()
        self.again = None


def _version(h: Tensor) -> int:
    """The version counter of a tensor; tensors of inference mode have none."""
    return 0 if h.is_inference() else int(h._version)


def _eager() -> Any:
    """Runs compiled parts eagerly, since earlier compilations do not see the hooks."""
    compiled = "torch._dynamo" in sys.modules  # whose import takes seconds
    return torch.compiler.set_stance("force_eager") if compiled else nullcontext()


@contextmanager
def watching(model: nn.Module, heads: Heads) -> Iterator[Entering]:
    """Hooks the heads, with every module in evaluation mode and gradients off; restores modes and hooks at the end."""
    entering = Entering()
    hooks = [
        head.register_forward_pre_hook(entering.hook(task), with_kwargs=True) for task, head in heads.modules.items()
    ]
    try:
        with evaluating(model), _eager():
            yield entering
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def placed(model: nn.Module, heads: Heads, device: Any) -> Iterator[torch.device]:
    """Moves the model to a device, by default that of its first head, and back at the end."""
    home = next(iter(heads.modules.values())).weight.device
    if device is None or torch.device(device) == home:
        yield home
        return
    places = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
    if len(places) > 1:
        raise ValueError(f"device={device!r}: the model is spread over {len(places)} devices; leave device out")
    try:
        yield next(iter(model.to(device).parameters())).device
    finally:
        model.to(home)
