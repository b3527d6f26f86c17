"""Gradient descent with momentum whose learning rate is an exact line search.

    D ← −∇F(x) + β D,      x ← x + t D,      t = argmin φ(t) = F(x + t D)

β is the given momentum, or by default chosen at every step as Polak and Ribière do,
β = max(0, ⟨∇F, ∇F − ∇F_previous⟩ / ‖∇F_previous‖²): nonlinear conjugate gradients. Where D does not descend, it
starts again from −∇F. Source: Nocedal & Wright, Numerical Optimization, Section 5.2.
"""

from __future__ import annotations

from torch import Tensor

from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.line import Line
from ufm.solvers.gradient.line_search import search
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point, dot

DESCENT = 1e-10  # least −⟨∇F, D⟩ / ‖∇F‖² that still counts as descent


class LineMomentum:
    """In balanced units. Memory: point, gradient, direction, and three N × R blocks for the line."""

    def __init__(self, objective: Objective, point: Point, momentum: float | None) -> None:
        self.objective, self.point, self.mu = objective, point, momentum
        self.gradient, self.direction = point.like(), point.like()
        self.line = Line(objective, point.features.new_empty(objective.samples.rows, objective.samples.count))
        self.current = self._measure()
        self.direction.vector.sub_(self.gradient.vector)

    def evaluate(self) -> Evaluation:
        """Known since the last step."""
        return self.current

    def step(self) -> bool:
        """To the minimizer along D, then the next D."""
        slope = dot(self.gradient.vector, self.direction.vector)
        descends = slope < -DESCENT * self.current.gradient_square
        t = self._search(slope) if descends else None
        if t is None:
            self.direction.vector.copy_(self.gradient.vector).neg_()
            t = self._search(-self.current.gradient_square)
            if t is None:
                return False
        self.point.vector.add_(self.direction.vector, alpha=t)
        previous = self.current
        self.current = self._measure()
        self.direction.vector.mul_(self._beta(previous)).sub_(self.gradient.vector)
        return True

    def _search(self, slope: float) -> float | None:
        self.line.aim(self.point, self.direction)
        return search(self.line, self.current.value, slope)

    def _beta(self, previous: Evaluation) -> float:
        if self.mu is not None:
            return self.mu
        return max(0.0, (self.current.gradient_square - self.current.overlap) / previous.gradient_square)

    def _measure(self) -> Evaluation:
        return self.objective.evaluate(self.point, self.gradient, self.line.margins)

    def state(self) -> dict[str, Tensor]:
        """x and D; the gradient follows from x."""
        return {"point": self.point.vector, "direction": self.direction.vector}

    def numbers(self) -> dict[str, float]:
        """None."""
        return {}

    def resume(self, numbers: dict[str, float]) -> None:
        """Evaluates at x."""
        self.current = self._measure()
