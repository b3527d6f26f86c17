"""The heads of a network in training, by reference: W and b are read on access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ufm_networks.observing.heads import Heads, find_heads
from ufm_networks.observing.watching import unwrapped
from verify.reading.form import Float


class CurrentHeads(Heads):
    """As ``Heads``. A copy refers to the same layers, or to their copies where the model is copied as a whole."""

    def __deepcopy__(self, memo: dict[int, Any]) -> CurrentHeads:
        return CurrentHeads({task: memo.get(id(head), head) for task, head in self.modules.items()}, self.dotted)

    def matrices(self) -> tuple[list[Float], list[Float]]:
        """W, T arrays (K_t, d), and b, T arrays (K_t,), zero without bias; raises ValueError if not finite."""
        W, b = self.arrays()
        biases = [np.zeros(len(w)) if v is None else v for w, v in zip(W, b, strict=True)]
        for task, w, v in zip(self.names, W, biases, strict=True):
            if not (np.isfinite(w).all() and np.isfinite(v).all()):
                raise ValueError(f"head {task!r} has weights or a bias that are not finite")
        return W, biases


def current_heads(heads: Any, model: nn.Module | None = None) -> CurrentHeads:
    """Of a mapping task → nn.Linear, its dotted name in the model, a weight (K, d), or a pair (weight, bias).

    Parameters and tensors are referred to, not copied. Raises TypeError or ValueError naming the head, as ``observe``.
    """
    if model is not None:
        found = find_heads(unwrapped(model), heads)
        return CurrentHeads(found.modules, found.dotted)
    if isinstance(heads, Mapping):
        for task, head in heads.items():
            if isinstance(head, str):
                raise ValueError(f"heads[{task!r}]={head!r} names a layer; say of which model, with model=")
        heads = {task: head if isinstance(head, nn.Module) else _layer(task, head) for task, head in heads.items()}
    found = find_heads(nn.ModuleList(heads.values() if isinstance(heads, Mapping) else []), heads)
    return CurrentHeads(found.modules, found.dotted)


def _layer(task: Any, head: Any) -> nn.Linear:
    """A layer with a weight and a bias given as they are."""
    weight, bias = head if isinstance(head, (list, tuple)) and len(head) == 2 else (head, None)
    if not all(isinstance(part, (Tensor, np.ndarray)) for part in (weight, bias) if part is not None):
        raise TypeError(
            f"heads[{task!r}] must be an nn.Linear, its dotted name, a weight (K, d) or a pair (weight, bias), got "
            f"{type(head).__name__}"
        )
    weight, bias = _parameter(weight), None if bias is None else _parameter(bias)
    if weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):
        shapes = [tuple(part.shape) for part in (weight, bias) if part is not None]
        raise ValueError(f"heads[{task!r}] has shapes {shapes}; a weight is (K, d), a bias (K,)")
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight, layer.bias = weight, bias  # type: ignore[assignment]
    return layer


def _parameter(values: Any) -> nn.Parameter:
    if isinstance(values, nn.Parameter):
        return values
    tensor = torch.as_tensor(values)
    tensor = tensor if tensor.is_floating_point() else tensor.double()
    return nn.Parameter(tensor.detach(), requires_grad=False)
