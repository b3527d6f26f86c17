"""The root of a decreasing function of one variable, by Newton's method inside a bracket."""

from __future__ import annotations

import math
from collections.abc import Callable

CLOSE = 1e-9  # relative: the step after one this small is below rounding, convergence being quadratic
ROUNDING = 1e-15  # relative: a bracket this narrow holds no better number
STEPS = 200
LEAP = 8.0  # longest step into an unbounded bracket


def decreasing_root(
    evaluate: Callable[[float], tuple[float, float]], low: float, high: float, start: float, *, scale: float = 0.0
) -> float:
    """x with f(x) = 0 for evaluate(x) = (f(x), f′(x)), f decreasing and of one root in (low, high), which may be ±∞.

    Steps that leave the bracket are halved into it. Ends where Newton's step is at most CLOSE · max(|x|, scale), or the
    bracket is rounding.
    """
    x = start
    for _ in range(STEPS):
        value, slope = evaluate(x)
        if value > 0:
            low = x
        elif value < 0:
            high = x
        else:
            return x
        following = x - value / slope if slope < 0 else math.nan
        if low < following < high:
            if math.isinf(high - low):
                following = min(max(following, x - LEAP), x + LEAP)
            if abs(following - x) <= CLOSE * max(abs(x), scale):
                return following
        elif high - low <= ROUNDING * max(abs(x), scale):
            return x
        else:
            following = _inside(low, high)
        x = following
    return x


def _inside(low: float, high: float) -> float:
    """The middle of the bracket, or a leap from its finite end."""
    if math.isinf(low):
        return high - LEAP
    return low + LEAP if math.isinf(high) else 0.5 * (low + high)
