"""A minimum enclosed in a ball."""

from __future__ import annotations

import importlib
import math
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BallObjective:
    """The minimum that a law states lies in ``ball``, and so between the doubles ``lower`` and ``upper``.

    law   "Theorem B.2" (3.1 and pairwise uniform tasks included), "Theorem 3.2", "Theorem 5.1", "K correlated classes"
          "several labels" or "squared error"
    ball  flint.arb
    """

    law: str
    lower: float
    upper: float
    ball: Any

    def meets(self, lower: float, upper: float) -> bool:
        """Whether [lower, upper] has a point in common with the enclosure: it must, if both enclose one number."""
        return self.lower <= upper and lower <= self.upper


def flint() -> Any:
    """The module flint; ModuleNotFoundError says how to install it."""
    try:
        return importlib.import_module("flint")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "closed forms in ball arithmetic need python-flint: pip install 'ufm-toolkit[rigorous]'", name=error.name
        ) from error


def ball_objective(law: str, ball: Any) -> BallObjective:
    """Rounds the ends of the ball outward."""
    return BallObjective(law, _below(ball), -_below(-ball), ball)


def _below(ball: Any) -> float:
    """The largest double ≤ the lower end of the ball; −∞ where it is not finite."""
    if not ball.is_finite():
        return -math.inf
    end = ball.lower()
    value = min(float(end), sys.float_info.max)
    while not flint().arb(value) <= end:
        value = math.nextafter(value, -math.inf)
    return value
