"""The heads of a model: linear layers, each named by itself or by its dotted name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ufm.support.nearest_name import nearest
from ufm_networks.observing.wrappers import dotted_names, plain_name, unwrapped


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
        return [_array(head.weight) for head in layers], [
            None if head.bias is None else _array(head.bias) for head in layers
        ]


def _array(values: Tensor) -> NDArray[np.float64]:
    return np.array(values.detach().double().cpu().numpy())  # a copy: training goes on


def find_heads(model: nn.Module, heads: Any) -> Heads:
    """The heads of a mapping task → module or dotted name.

    TypeError or ValueError naming the head that is not of the model, not linear, given twice, has fewer than two
    classes, or reads another number of features than the first.
    """
    if not isinstance(heads, Mapping):
        raise TypeError(
            'heads must name the head of every task, as heads={"digit": model.fc} or {"digit": "fc"}, got '
            f"{type(heads).__name__}"
        )
    if not heads:
        raise ValueError('heads is empty; name at least one, as heads={"digit": "fc"}')
    named = dotted_names(model)
    places = {id(module): name for name, module in named.items()}
    modules: dict[str, nn.Linear] = {}
    dotted: list[str] = []
    for task, head in heads.items():
        if not isinstance(task, str) or not task:
            raise TypeError(f"heads has the task {task!r}; tasks are named by strings")
        module, name = _one(task, head, named, places)
        if name in dotted:
            raise ValueError(f"heads[{task!r}] is {name!r}, which is the head of {heads_of(modules, module)!r} already")
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
                f"heads[{task!r}]={head!r} is no module of the model{meant} Its linear layers: "
                f"{', '.join(linear[:20]) or 'none'}{', …' if len(linear) > 20 else ''}"
            )
        module, name = named[head], head
    elif isinstance(head, nn.Module):
        head = unwrapped(head)
        if id(head) not in places:
            raise ValueError(f"heads[{task!r}] is a {type(head).__name__} that is no part of the model")
        module, name = head, places[id(head)]
    else:
        raise TypeError(f"heads[{task!r}] must be a module or its dotted name, got {head!r}")
    if not isinstance(module, nn.Linear):
        raise TypeError(
            f"heads[{task!r}] ({name or 'the model itself'}) is a {type(module).__name__}; a head is an nn.Linear, the "
            "last layer of its task"
        )
    return module, name
