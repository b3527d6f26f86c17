"""A nearly exact minimizer of F along a descent direction: Newton on φ', kept inside a bracket."""

from __future__ import annotations

import math

import torch

from ufm.solvers.gradient.line import Line

SLOPE_RATIO = 0.1  # a step is exact enough once its slope is this much of the slope at t = 0
MAX_TRIALS = 50
GROWTH = 4.0
EDGE = 0.05  # of the bracket: a trial keeps this far from its ends


def search(line: Line, value: float, slope: float, guess: float | None = None) -> float | None:
    """A step t > 0 with |φ'(t)| ≤ 0.1 |φ'(0)| and φ(t) ≤ φ(0) to rounding; None if rounding leaves no such step.

    value, slope  φ(0) and φ'(0) < 0
    guess         first trial; None is the Newton step from t = 0
    """
    rounding = 8.0 * torch.finfo(line.margins.dtype).eps * value
    low, high = 0.0, math.inf
    t = _first_trial(line, slope) if guess is None else guess
    for _ in range(MAX_TRIALS):
        at_t, curvature = line.slope(t)
        if abs(at_t) <= SLOPE_RATIO * abs(slope):
            if line.value(t) <= value + rounding:
                return t
            low, high, t = 0.0, t, 0.5 * t  # a minimizer beyond a rise of φ: look before it
            continue
        low, high = (t, high) if at_t < 0 else (low, t)
        t = _next_trial(t - at_t / curvature if curvature > 0 else math.nan, low, high)
    return None


def _first_trial(line: Line, slope: float) -> float:
    _, curvature = line.slope(0.0)
    return -slope / curvature if curvature > 0 else 1.0


def _next_trial(newton: float, low: float, high: float) -> float:
    """Newton's step where it lies well inside (low, high), else the middle, else a longer step."""
    if math.isinf(high):
        return newton if low < newton <= GROWTH * low else GROWTH * low
    if not low < newton < high:
        return 0.5 * (low + high)
    edge = EDGE * (high - low)
    return min(max(newton, low + edge), high - edge)
