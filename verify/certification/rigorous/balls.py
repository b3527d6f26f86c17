"""Matrices of balls, and numbers from balls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from verify.losses.balls import Ball, flint
from verify.reading.form import Float

BallMatrix = Any  # flint.arb_mat


def matrix(array: Float) -> BallMatrix:
    """A matrix of balls that are exactly the given doubles."""
    library = flint()
    return library.arb_mat(*array.shape, [library.arb(x) for x in array.ravel().tolist()])


def nearest(balls: BallMatrix) -> Float:
    """Centres as doubles, for choices that need no rigour."""
    return np.array([[float(x) for x in row] for row in balls.tolist()]).reshape(balls.nrows(), balls.ncols())


def largest(balls: Iterable[Ball]) -> Ball:
    """A number no point of any ball exceeds; infinite where a ball is not finite."""
    top = flint().arb.neg_inf()
    for ball in balls:
        if not ball.is_finite():
            return flint().arb.pos_inf()
        bound = ball.upper()
        if bound > top:
            top = bound
    return top
