"""Gradient descent with momentum whose learning rate is an exact line search.

    D ← −∇F(x) + β D,      x ← x + t D,      t = argmin φ(t) = F(x + t D)

β is the given momentum, or by default chosen at every step as Polak and Ribière do,
β = max(0, ⟨∇F, ∇F − ∇F_previous⟩ / ‖∇F_previous‖²): nonlinear conjugate gradients. Where D does not descend, it
starts again from −∇F. Source: Nocedal & Wright, Numerical Optimization, Section 5.2.
"""

from __future__ import annotations

from torch import Tensor

from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.line_method import LineMethod
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point

DESCENT = 1e-10  # least −⟨∇F, D⟩ / ‖∇F‖² that still counts as descent


class LineMomentum(LineMethod):
    """In balanced units. Memory: point, gradient, direction, and three N × R blocks for the line."""

    def __init__(self, objective: Objective, point: Point, momentum: float | None) -> None:
        super().__init__(objective, point)
        self.mu = momentum
        self.direction.vector.sub_(self.gradient.vector)

    def step(self) -> bool:
        """Moves to the minimizer along D, then sets the next D."""
        slope = self.objective.dot(self.gradient.vector, self.direction.vector)
        descends = slope < -DESCENT * self.current.gradient_square
        t = self.along(slope) if descends else None
        if t is None:
            self.direction.vector.copy_(self.gradient.vector).neg_()
            t = self.along(-self.current.gradient_square)
            if t is None:
                return False
        self.point.vector.add_(self.direction.vector, alpha=t)
        previous = self.current
        self.current = self.measured()
        self.direction.vector.mul_(self._beta(previous)).sub_(self.gradient.vector)
        return True

    def _beta(self, previous: Evaluation) -> float:
        if self.mu is not None:
            return self.mu
        return max(0.0, (self.current.gradient_square - self.current.overlap) / previous.gradient_square)

    def state(self) -> dict[str, Tensor]:
        """x and D; the gradient follows from x."""
        return {"point": self.point.vector, "direction": self.direction.vector}
