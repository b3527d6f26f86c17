"""From a ball to doubles on either side of it: rounding to nearest would void the proof."""

from __future__ import annotations

import math
import sys
from typing import Any

from theory.balls.library import flint


def below(ball: Any) -> float:
    """A double ≤ every point of the ball, the largest where its lower end is one; −∞ where the ball is not finite."""
    if not ball.is_finite():
        return -math.inf
    end = ball.lower()
    value = min(float(end), sys.float_info.max)
    while not flint().arb(value) <= end:
        value = math.nextafter(value, -math.inf)
    return value


def above(ball: Any) -> float:
    """A double ≥ every point of the ball; +∞ where the ball is not finite."""
    return -below(-ball)
