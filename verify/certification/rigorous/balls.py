"""Ball arithmetic: a number is a centre and a radius that bounds all rounding so far (python-flint's ``arb``).

A comparison is True only if it holds for all points of both balls, so ``not x <= y`` does not mean x > y.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from verify.reading.form import Float

Ball = Any  # flint.arb
BallMatrix = Any  # flint.arb_mat


def flint() -> Any:
    """The module flint; ModuleNotFoundError says how to install it."""
    try:
        return importlib.import_module("flint")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "rigorous bounds need python-flint: pip install 'ufm-toolkit[rigorous]'", name=error.name
        ) from error


def matrix(array: Float) -> BallMatrix:
    """The doubles of a matrix, exactly."""
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
