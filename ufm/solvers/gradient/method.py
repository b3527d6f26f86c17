"""The interface of an optimizer to the run."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point


class Method(Protocol):
    """An optimizer with its point; between steps ``state`` and ``numbers`` are all that it needs."""

    objective: Objective
    point: Point

    def evaluate(self) -> Evaluation:
        """F and its gradient's norm at the point; an extra sweep if the steps need neither."""
        return self.objective.evaluate(self.point)

    def step(self) -> bool:
        """Takes one step; returns False, with the point unchanged, if rounding leaves no step that lowers F."""

    def state(self) -> dict[str, Tensor]:
        """The tensors a checkpoint saves, and into which it is read back."""

    def numbers(self) -> dict[str, float]:
        """The numbers a checkpoint saves; empty by default."""
        return {}

    def resume(self, numbers: dict[str, float]) -> None:
        """Resumes from the tensors now in ``state`` and from these numbers, deriving everything else again."""
        return
