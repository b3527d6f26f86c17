"""How T task losses become one step: the weighting turns them into gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from networks.multi_task_network import MultiTaskNetwork
from networks.training.processes import Processes


@dataclass(frozen=True)
class Step:
    """What a weighting may use in one step.

    losses    (T,) the task losses of the batch, unweighted; of several processes, the mean of theirs is the batch's
    penalty   () what is added to the weighted sum; 0 unless features are decayed
    features  (n, d) of the batch, in the graph
    again     evaluates the losses (T,) of the same batch anew, without a graph
    """

    losses: Tensor
    penalty: Tensor
    features: Tensor
    network: MultiTaskNetwork
    processes: Processes
    again: Callable[[], Tensor]


class Weighting(Protocol):
    """One object for a whole run.

    task_gradients  False: ``backward`` calls ``Tensor.backward`` once, and gradients are averaged over processes on
                    the way. True: it may differentiate as it likes, and must leave in every ``.grad`` the same value
                    on all processes, such as by ``step.processes.average``
    """

    task_gradients: bool

    def backward(self, step: Step) -> Tensor:
        """Fills ``.grad`` of all parameters; returns the weights (T,) in effect, for the logs."""
        ...

    def stepped(self, step: Step) -> None:
        """After the optimizer's step."""
        ...

    def epoch_ended(self, losses: Tensor) -> None:
        """With the epoch's mean losses (T,)."""
        ...

    def parameters(self) -> list[nn.Parameter]:
        """Own parameters for the optimizer, without decay; averaging their gradients over processes is its own task."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold: tensors and numbers."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        ...


class Static:
    """Σ_t c^t loss_t with constants c^t: all 1 ("uniform") or given ("fixed")."""

    task_gradients = False

    def __init__(self, task_weights: Tensor) -> None:
        self.task_weights = task_weights

    def backward(self, step: Step) -> Tensor:
        """One backward pass."""
        (self.task_weights @ step.losses + step.penalty).backward()
        return self.task_weights

    def stepped(self, step: Step) -> None:
        """Nothing changes."""

    def epoch_ended(self, losses: Tensor) -> None:
        """Nothing changes."""

    def parameters(self) -> list[nn.Parameter]:
        """None."""
        return []

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing."""


def uniform(tasks: int, task_weights: tuple[float, ...] | None, device: torch.device) -> Weighting:
    """c^t = 1."""
    return Static(torch.ones(tasks, device=device))


def fixed(tasks: int, task_weights: tuple[float, ...] | None, device: torch.device) -> Weighting:
    """c^t as given."""
    return Static(torch.tensor(task_weights, device=device))


WEIGHTINGS: dict[str, Callable[..., Weighting]] = {"uniform": uniform, "fixed": fixed}
"""A weighting is made by f(tasks, task_weights, device, **weighting_options)."""
