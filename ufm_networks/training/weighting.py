"""How T task losses become one step: the weighting computes the gradients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ufm.weighting import TaskWeighting
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.kept_buffers import kept_buffers
from ufm_networks.training.processes import Processes


@dataclass(frozen=True)
class Step:
    """The inputs of a weighting in one step.

        a step goes along the gradient of  Σ_t w_t (L_t + P_t) + P

    losses         (T,) L_t, the task losses of the batch, unweighted; of several processes, the mean of theirs is the
                   batch's
    present        (T,) of bool: whether the batch, of all processes together, holds a sample of the task
    own_penalties  (T,) P_t, of task t alone; 0 unless features are decayed
    penalty        () P, what tasks share of the penalties
    features       (n, d) of the batch, as the heads got them
    again          evaluates the losses (T,) of the same batch anew, without a graph
    """

    losses: Tensor
    present: Tensor
    own_penalties: Tensor
    penalty: Tensor
    features: Tensor
    network: MultiTaskNetwork
    processes: Processes
    again: Callable[[], Tensor]

    def mean_losses(self) -> Tensor:
        """(T,) the batch's, the same in all processes, in float64 and apart from the graph."""
        return self.processes.sum(self.losses.detach().double()) / self.processes.world


class Weighting(ABC):
    """One object for a whole run, by a rule of ``ufm.weighting``.

    task_gradients  False: ``backward`` calls ``Tensor.backward`` once, and gradients are averaged over processes on
                    the way. True: it differentiates task by task, and averages itself
    """

    task_gradients: bool

    def __init__(self, rule: TaskWeighting) -> None:
        self.rule = rule
        self.learned: nn.Parameter | None = None
        if rule.learned is not None:
            rule.learned = self.learned = nn.Parameter(rule.learned)
        self.before: Tensor | None = None

    @abstractmethod
    def backward(self, step: Step) -> Tensor:
        """Fills ``.grad`` of all parameters; returns the weights (T,) in effect, for the logs."""

    def stepped(self, step: Step) -> None:
        """After the optimizer's step. Looking back leaves the running statistics of batch normalization as they are."""
        before = step.losses.detach() if self.before is None else self.before
        after = before
        if self.rule.looks_back:
            with kept_buffers(step.network):
                after = step.processes.sum(step.again().double()) / step.processes.world
        self.rule.stepped(before, after, step.present)

    def epoch_ended(self, losses: Tensor) -> None:
        """With the epoch's mean losses (T,)."""
        self.rule.epoch_ended(losses)

    def parameters(self) -> list[nn.Parameter]:
        """Own parameters for the optimizer, without decay; their gradients are the same in all processes."""
        return [] if self.learned is None else [self.learned]

    def state_dict(self) -> dict[str, Any]:
        """The tensors that a checkpoint must hold."""
        own = {} if self.learned is None else {"learned": self.learned.detach()}
        return {name: tensor.clone() for name, tensor in (own | self.rule.state()).items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores the state from a checkpoint; raises ValueError if it belongs to another weighting."""
        own = {} if self.learned is None else {"learned": self.learned.detach()}
        current = own | self.rule.state()
        if state.keys() != current.keys():
            raise ValueError(f"there is {', '.join(state) or 'nothing'}, and {', '.join(current) or 'nothing'} here")
        for name, tensor in current.items():
            if state[name].shape != tensor.shape:  # which copying would repeat to fit
                raise ValueError(f"{name} has shape {tuple(state[name].shape)}, not {tuple(tensor.shape)}")
            tensor.copy_(state[name])
