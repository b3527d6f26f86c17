"""A model while it is observed: evaluation mode, no gradients, and what enters its heads; all put back afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ufm_networks.observing.heads import Heads
from ufm_networks.observing.wrappers import unwrapped

__all__ = ["Entering", "placed", "unwrapped", "watching"]


class Entering:
    """What entered each head in the last forward pass, by task."""

    def __init__(self) -> None:
        self.seen: dict[str, Tensor] = {}
        self.again: str | None = None

    def hook(self, task: str) -> Any:
        """A forward pre-hook with keywords."""

        def record(_: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
            if task in self.seen:
                self.again = task
            self.seen[task] = (args[0] if args else kwargs["input"]).detach()

        return record

    def clear(self) -> None:
        """Before a forward pass."""
        self.seen.clear()
        self.again = None


def _eager() -> Any:
    """Compiled parts run as they are written: what was compiled before knows nothing of hooks."""
    compiled = "torch._dynamo" in sys.modules  # whose import takes seconds
    return torch.compiler.set_stance("force_eager") if compiled else nullcontext()


@contextmanager
def watching(model: nn.Module, heads: Heads) -> Iterator[Entering]:
    """Hooks on the heads, every module in evaluation mode, gradients off; modes and hooks are as before at the end."""
    entering = Entering()
    modes = [(module, module.training) for module in model.modules()]
    hooks = [
        head.register_forward_pre_hook(entering.hook(task), with_kwargs=True) for task, head in heads.modules.items()
    ]
    try:
        model.eval()
        with torch.no_grad(), _eager():
            yield entering
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes:
            module.training = training


@contextmanager
def placed(model: nn.Module, heads: Heads, device: Any) -> Iterator[torch.device]:
    """The model on a device, and back where it was; by default where its first head is."""
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
