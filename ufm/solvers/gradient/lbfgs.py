"""L-BFGS with an exact line search: D = −B ∇F, B the inverse Hessian that the last steps s and their y = Δ∇F imply.

Source: Nocedal & Wright, Numerical Optimization, Algorithms 7.4 and 7.5 (two-loop recursion).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.gradient.line_method import LineMethod
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point

PAIRS = 8  # steps remembered
CURVATURE = 1e-12  # least ⟨s, y⟩ / ⟨y, y⟩: below it rounding decides the sign


class LBFGS(LineMethod):
    """In balanced units. Memory: point, gradient, direction, 2 · PAIRS vectors, and three N × R blocks."""

    def __init__(self, objective: Objective, point: Point) -> None:
        super().__init__(objective, point)
        self.s = torch.zeros(PAIRS, len(point.vector), device=point.vector.device, dtype=point.vector.dtype)
        self.y = torch.zeros_like(self.s)
        self.products: dict[int, float] = {}  # slot → ⟨s, y⟩, oldest first

    def step(self) -> bool:
        """Along −B ∇F; where that has no lower point, along −∇F with an empty memory."""
        t = self._search()
        if t is None and self.products:
            self.products.clear()
            t = self._search()
        if t is None:
            return False
        slot = next(iter(self.products)) if len(self.products) == PAIRS else _free_slot(self.products)
        self.products.pop(slot, None)
        s, y = self.s[slot], self.y[slot]
        torch.mul(self.direction.vector, t, out=s)
        y.copy_(self.gradient.vector)
        self.point.vector.add_(s)
        self.current = self.measured()
        torch.sub(self.gradient.vector, y, out=y)
        product = self.objective.dot(s, y)
        if product > CURVATURE * self.objective.dot(y, y):
            self.products[slot] = product
        return True

    def _search(self) -> float | None:
        """Sets the direction, and a step along it."""
        D = self.direction.vector
        self._two_loop(D.copy_(self.gradient.vector))
        slope = self.objective.dot(self.gradient.vector, D.neg_())
        if slope >= 0:
            return None
        return self.along(slope, 1.0 if self.products else None)

    def _two_loop(self, q: Tensor) -> None:
        """q ← B q."""
        projections = {}
        for slot in reversed(self.products):
            projections[slot] = self.objective.dot(self.s[slot], q) / self.products[slot]
            q.add_(self.y[slot], alpha=-projections[slot])
        if self.products:
            newest = next(reversed(self.products))
            q.mul_(self.products[newest] / self.objective.dot(self.y[newest], self.y[newest]))
        for slot, product in self.products.items():
            q.add_(self.s[slot], alpha=projections[slot] - self.objective.dot(self.y[slot], q) / product)

    def state(self) -> dict[str, Tensor]:
        """x and the remembered pairs; the gradient follows from x."""
        return {"point": self.point.vector, "s": self.s, "y": self.y}

    def numbers(self) -> dict[str, float]:
        """⟨s, y⟩ by slot, oldest first."""
        return {str(slot): product for slot, product in self.products.items()}

    def resume(self, numbers: dict[str, float]) -> None:
        """With the pairs."""
        self.products = {int(slot): product for slot, product in numbers.items()}
        super().resume(numbers)


def _free_slot(used: dict[int, float]) -> int:
    return next(slot for slot in range(PAIRS) if slot not in used)
