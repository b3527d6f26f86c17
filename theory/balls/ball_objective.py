"""A minimum enclosed in a ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.balls.outward import above, below


@dataclass(frozen=True)
class BallObjective:
    """The minimum that a law states lies in ``ball``, and so between the doubles ``lower`` and ``upper``.

    law   "Theorem B.2" (3.1 and pairwise uniform tasks included), "Theorem 3.2", "Theorem 5.1", "K correlated classes"
          "several labels", "squared error", "tasks of sigmoids" or "K binary tasks"
    ball  flint.arb
    """

    law: str
    lower: float
    upper: float
    ball: Any

    def meets(self, lower: float, upper: float) -> bool:
        """Whether [lower, upper] meets the enclosure, as it must if both enclose the same number."""
        return self.lower <= upper and lower <= self.upper


def ball_objective(law: str, ball: Any) -> BallObjective:
    """Rounds the ends of the ball outward."""
    return BallObjective(law, below(ball), above(ball), ball)
