"""The heads of a model: linear layers, given as modules or by their dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ufm.support.nearest_name import nearest
from ufm_networks.observing.evaluation import evaluating
from ufm_networks.observing.wrappers import dotted_names, plain_name, unwrapped

OWN_FORWARD = 0.05  # of the largest logit: a format of few digits does not come near


@dataclass(frozen=True)
class Heads:
    """T linear layers (d → K_t) by task; ``dotted`` is where each stands in the model."""

    modules: dict[str, nn.Linear]
    dotted: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The tasks."""
        return tuple(self.modules)

    @property
    def classes(self) -> tuple[int, ...]:
        """(K_1, …, K_T)."""
        return tuple(int(head.weight.shape[0]) for head in self.modules.values())

    @property
    def dim(self) -> int:
        """The feature dimension d."""
        return int(next(iter(self.modules.values())).weight.shape[1])

    def arrays(self) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64] | None]]:
        """W, T arrays (K_t, d), and b, T arrays (K_t,) or None of a head without bias."""
        layers = self.modules.values()
        for head in layers:
            _renew_weight(head)
        return [_array(head.weight) for head in layers], [
            None if head.bias is None else _array(head.bias) for head in layers
        ]


def _renew_weight(head: nn.Linear) -> None:
    """Renews a weight that ``weight_norm``, ``spectral_norm`` or ``prune`` computes in a hook, and so a step late."""
    with evaluating(head):
        for hook in head._forward_pre_hooks.values():
            if type(hook).__module__.startswith("torch.nn.utils."):
                hook(head, ())


def _array(values: Tensor) -> NDArray[np.float64]:
    return np.array(values.detach().double().cpu().numpy())  # a copy: training goes on


def find_heads(model: nn.Module, heads: Any) -> Heads:
    """The heads of a mapping task → module or dotted name.

    Raises Raises TypeError or ValueError naming a head that is not in the model, is not linear, is given twice, has
    fewer than two classes, or reads another number of features than the first.
    """
    if not isinstance(heads, Mapping):
        raise TypeError(
            'heads must name the head of every task, as heads={"digit": model.fc} or {"digit": "fc"}, got '
            f"{type(heads).__name__}"
        )
    if not heads:
        raise ValueError('heads is empty; name at least one, as heads={"digit": "fc"}')
    named = dotted_names(model)
    places = {id(module): name for name, module in reversed(named.items())}
    modules: dict[str, nn.Linear] = {}
    dotted: list[str] = []
    for task, head in heads.items():
        if not isinstance(task, str) or not task:
            raise TypeError(f"heads has the task {task!r}; tasks are named by strings")
        module, name = _one(task, head, named, places)
        if any(module is other for other in modules.values()):
            raise ValueError(f"heads[{task!r}] is {name!r}, which is the head of {heads_of(modules, module)!r} already")
        if isinstance(module.weight, nn.parameter.UninitializedParameter):
            raise ValueError(f"heads[{task!r}] ({name}) has no weight yet; run a batch through the model first")
        _require_affine(task, name, module)
        modules[task], dim = module, module.weight.shape[1]
        dotted.append(name)
        first = next(iter(modules.values())).weight.shape[1]
        if dim != first:
            raise ValueError(
                f"heads[{task!r}] ({name}) reads {dim} features and heads[{next(iter(modules))!r}] {first}; the heads "
                "of one model read the same features"
            )
        if len(module.weight) < 2:
            raise ValueError(f"heads[{task!r}] ({name}) has one output; a head has K ≥ 2 classes, one logit for each")
    return Heads(modules, tuple(dotted))


def heads_of(modules: Mapping[str, nn.Module], module: nn.Module) -> str:
    """The task of a head."""
    return next(task for task, own in modules.items() if own is module)


def _require_affine(task: str, name: str, head: nn.Linear) -> None:
    """Raises TypeError for a subclass of nn.Linear whose ``forward`` is not W h + b, such as one that normalizes h."""
    if type(head).forward is nn.Linear.forward:
        return
    own = torch.Generator().manual_seed(0)
    h = torch.randn(8, head.weight.shape[1], generator=own) * torch.arange(1, 9)[:, None]
    h = h.to(head.weight)
    with evaluating(head):
        given, due = head.forward(h), nn.functional.linear(h, head.weight, head.bias)
    if given.shape != due.shape or not bool((given - due).abs().max() <= OWN_FORWARD * due.abs().max()):
        raise TypeError(
            f"heads[{task!r}] ({name}) is a {type(head).__name__}, which gives other logits than W h + b with its "
            "weight and bias; a head is linear"
        )


def _one(task: str, head: Any, named: Mapping[str, nn.Module], places: Mapping[int, str]) -> tuple[nn.Linear, str]:
    if isinstance(head, str):
        given, head = head, plain_name(head)
        if head not in named:
            head = head.removeprefix("module.")  # a name from before DistributedDataParallel was taken off
        if head not in named:
            head = given
            linear = [name for name, module in named.items() if isinstance(module, nn.Linear)]
            near = nearest(head, linear) or nearest(head, named)
            meant = f"; did you mean {near!r}?" if near else ";"
            raise ValueError(
                f"heads[{task!r}]={head!r} is not a module of the model{meant} Its linear layers: "
                f"{', '.join(linear[:20]) or 'none'}{', …' if len(linear) > 20 else ''}"
            )
        module, name = named[head], head
    elif isinstance(head, nn.Module):
        head = unwrapped(head)
        if id(head) not in places:
            raise ValueError(f"heads[{task!r}] is a {type(head).__name__} that is not part of the model")
        module, name = head, places[id(head)]
    else:
        raise TypeError(f"heads[{task!r}] must be a module or its dotted name, got {head!r}")
    if not isinstance(module, nn.Linear):
        raise TypeError(
            f"heads[{task!r}] ({name or 'the model itself'}) is a {type(module).__name__}; a head is an nn.Linear, the "
            "last layer of its task"
        )
    return module, name
