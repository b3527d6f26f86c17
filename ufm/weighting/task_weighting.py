"""The interface of task weightings: rules from losses and gradients to weights."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class TaskWeighting(ABC):
    """Weights w (T,) of T tasks with losses L_t, one object for a whole run.

        G_ts = ⟨∇L_t, ∇L_s⟩ over what the tasks share, the Gramian of their gradients: all that a rule reads of these

    gradients     whether w depends on G
    reads_losses  whether w depends on the losses now
    looks_back    whether ``stepped`` needs the losses of the same samples after the step
    learned       a parameter that the caller's optimizer moves along ``learned_gradient``, or None

    Numbers are float64, on ``device``. Between steps a checkpoint needs only ``state`` and ``learned``.
    """

    gradients = False
    reads_losses = False
    looks_back = False

    def __init__(self, tasks: int, *, seed: int = 0, device: torch.device | str = "cpu") -> None:
        self.tasks, self.seed, self.device = tasks, seed, torch.device(device)
        self.learned: Tensor | None = None

    @abstractmethod
    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """(T,) of the losses (T,) and, where ``gradients``, G (T, T). Changes nothing.

        present  (T,) of bool: the tasks that have a sample in this step, all unless given. With several sources a batch
                 may hold no sample of a task: its loss and gradient are then 0 because none was seen, not
                 because it is solved, and its weight multiplies only its head's penalty
        """

    def learned_gradient(self, losses: Tensor) -> Tensor:
        """The gradient of what is minimized with respect to ``learned``."""
        raise AttributeError(f"{type(self).__name__} learns nothing")

    def stepped(self, before: Tensor, after: Tensor, present: Tensor | None = None) -> None:  # noqa: B027
        """After a step, with the losses (T,) before and, where ``looks_back``, after it, and ``present`` as above."""

    def epoch_ended(self, losses: Tensor) -> None:  # noqa: B027
        """After an epoch, with its mean losses (T,). With all samples in every step, a step is an epoch."""

    def state(self) -> dict[str, Tensor]:
        """The tensors a checkpoint saves, and into which it is read back."""
        return {}

    def zeros(self, *shape: int) -> Tensor:
        """Zeros in the weighting's dtype and on its device."""
        return torch.zeros(*shape, dtype=torch.float64, device=self.device)
