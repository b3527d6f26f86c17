"""A model while it is observed: evaluation mode, no gradients, and what enters its heads; all put back afterwards."""

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
    """What entered each head in the last forward pass, by task."""

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
        """Raises ValueError if the model has overwritten what entered a head, which a detached view shares."""
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
    """How often a tensor was written to; tensors of inference mode do not count."""
    return 0 if h.is_inference() else int(h._version)


def _eager() -> Any:
    """Compiled parts run as they are written: what was compiled before knows nothing of hooks."""
    compiled = "torch._dynamo" in sys.modules  # whose import takes seconds
    return torch.compiler.set_stance("force_eager") if compiled else nullcontext()


@contextmanager
def watching(model: nn.Module, heads: Heads) -> Iterator[Entering]:
    """Hooks on the heads, every module in evaluation mode, gradients off; modes and hooks are as before at the end."""
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
