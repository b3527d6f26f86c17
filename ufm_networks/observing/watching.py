"""A model while it is observed: evaluation mode, no gradients, and what enters its heads; all put back afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ufm_networks.observing.heads import Heads


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


def unwrapped(model: nn.Module) -> nn.Module:
    """The module below ``DistributedDataParallel`` or ``DataParallel``, which observing needs none of."""
    wrappers = (nn.parallel.DistributedDataParallel, nn.DataParallel)
    while isinstance(model, wrappers):
        model = model.module
    return model


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
        with torch.no_grad():
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
