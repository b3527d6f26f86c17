"""What the run asks of an optimizer."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point


class Method(Protocol):
    """An optimizer with its point. Between steps the point is whole, and state and numbers are all that it needs."""

    objective: Objective
    point: Point

    def evaluate(self) -> Evaluation:
        """F and its gradient's norm at the point: a sweep of its own where the steps need neither."""
        return self.objective.evaluate(self.point)

    def step(self) -> bool:
        """One step; False where rounding leaves no step that lowers F, and the point is as before."""

    def state(self) -> dict[str, Tensor]:
        """The tensors a checkpoint saves, and into which it is read back."""

    def numbers(self) -> dict[str, float]:
        """The numbers a checkpoint saves; none unless there are some."""
        return {}

    def resume(self, numbers: dict[str, float]) -> None:
        """Goes on from the tensors now in ``state`` and from these numbers: derives again what follows from them."""
        return
