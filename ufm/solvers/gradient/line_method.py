"""The common part of the methods that search along lines."""

from __future__ import annotations

from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.line import Line
from ufm.solvers.gradient.line_search import search
from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point


class LineMethod(Method):
    """A point with its gradient, a direction, and F along it; ``current`` is what was measured at the point."""

    def __init__(self, objective: Objective, point: Point) -> None:
        self.objective, self.point = objective, point
        self.gradient, self.direction = point.like(), point.like()
        self.line = Line(objective, point.features.new_empty(objective.samples.rows, objective.samples.count))
        self.current = self.measured()

    def measured(self) -> Evaluation:
        """F at the point; fills the gradient and the line's margins."""
        return self.objective.evaluate(self.point, self.gradient, self.line.margins)

    def along(self, slope: float, guess: float | None = None) -> float | None:
        """The step along the direction, of that slope at the point; ``search``."""
        self.line.aim(self.point, self.direction)
        return search(self.line, self.current.value, slope, guess)

    def evaluate(self) -> Evaluation:
        """The evaluation that the last step left."""
        return self.current

    def resume(self, numbers: dict[str, float]) -> None:
        """The gradient follows from the point."""
        self.current = self.measured()
