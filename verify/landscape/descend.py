"""F along a straight line from a point: the exhibit behind a direction of negative curvature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.certification.objective import evaluate
from verify.landscape.hessian import Move
from verify.reading.form import Form
from verify.reading.point import Point

HALVINGS = 34  # of the step: its square then is float64's rounding


def best_along(form: Form, point: Point, move: Move, longest: float) -> tuple[float | None, Point]:
    """The least F at steps ± longest / 2^k along the move, None unless below the point's by more than both roundings.

    Returns it with its point.
    """
    here = evaluate(form, point)
    best, where = here.objective - here.rounding, None
    for sign in (1.0, -1.0):
        for step in sign * longest * 0.5 ** np.arange(HALVINGS):
            there = replace(point, W=point.W + step * move.W, H=point.H + step * move.H, b=point.b + step * move.b)
            try:
                at = evaluate(form, there)
            except FloatingPointError:
                continue
            if at.objective + at.rounding < best:
                best, where = at.objective + at.rounding, there
    return (None, point) if where is None else (best, where)
