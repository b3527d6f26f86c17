"""A claim about every global minimum: a function of a point → violation, with its name and source."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ufm.support import validation
from ufm.support.display import Summary
from ufm.support.nearest_name import require_name
from verify.reading.read import At

Measure = Callable[[At], Any]
Needed = Callable[[float], float]

MARGIN = 0.02  # of angles and relative lengths: far above rounding, below any deviation worth a report
NOT_APPLICABLE = math.nan


def of_distances(violation: float) -> float:
    """(v/12)²: a distance of unit vectors is the root of 2 − 2 cos.

    Where centring or summing leaves 3/10 of a vector, cos is off by up to some 50 times the error of the Gram matrix.
    """
    return (violation / 12.0) ** 2


def of_angles(violation: float) -> float:
    """v/10: cosines and relative lengths are off by a few times the relative error of the Gram matrix."""
    return violation / 10.0


def of_objective(violation: float) -> float:
    """∞: what the objective alone decides needs no Gram matrix."""
    return math.inf


@dataclass(frozen=True)
class Claim:
    """A statement that may be false; call it with a problem and its certified solution.

    measure     function of a problem and its solution (``verify.reading.read.At``) → violation ≥ 0, 0 if the claim
                holds and NaN if it says nothing; or True if the claim holds and False (violation 1) if it does not
    margin      violations up to this size are not reported
    resolution  of a violation, the largest relative error of the minimizer's Gram matrix at which it is believed
                (``verify.falsification.resolution``): ``of_distances`` by default
    """

    name: str
    statement: str
    source: str
    measure: Measure
    margin: float = MARGIN
    resolution: Needed = of_distances

    def __call__(self, problem: Any, solution: Any = None) -> float:
        """The violation at a solution of a problem, or at a ``verify.reading.read.At`` of both.

        Raises TypeError or ValueError if the measure returns anything but a number ≥ 0, NaN or a bool.
        """
        value = self.measure(problem if isinstance(problem, At) else At(problem, solution))
        if isinstance(value, (bool, np.bool_)):
            return 0.0 if value else 1.0
        number = validation.real_number(value)
        if number is None:
            raise TypeError(f"claim {self.name!r} must return a number ≥ 0, NaN or a bool, got {value!r}")
        if number < 0:
            raise ValueError(f"claim {self.name!r} must return a violation ≥ 0, got {number!r}")
        return number

    def __str__(self) -> str:
        rows = [("statement", self.statement), ("source", self.source), ("margin", f"{self.margin:g}")]
        return Summary(self.name, rows).text()


LIBRARY: dict[str, Claim] = {}


def claim(
    name: str, *, statement: str, source: str, margin: float = MARGIN, resolution: Needed = of_distances
) -> Callable[[Measure], Claim]:
    """A decorator that makes a function a named claim of the library."""

    def named(measure: Measure) -> Claim:
        made = Claim(name, statement, source, measure, margin, resolution)
        LIBRARY[name] = made
        return made

    return named


def find(name: str) -> Claim:
    """The library's claim of that name; raises ValueError naming the nearest."""
    return LIBRARY[require_name("claim", name.replace("-", "_"), LIBRARY)]


def as_claim(value: Any) -> Claim:
    """Converts a Claim, a name in the library, or a function (problem, solution) with a docstring, to a Claim."""
    if isinstance(value, Claim):
        return value
    if isinstance(value, str):
        return find(value)
    if not callable(value) or isinstance(value, type):
        raise TypeError(
            f"claim must be one of verify.claims, its name, or a function (problem, solution), got {value!r}"
        )
    try:
        inspect.signature(value).bind(None, None)
    except TypeError:
        raise TypeError(f"claim must take (problem, solution), got {value!r}") from None
    name = getattr(value, "__name__", type(value).__name__)
    statement = (inspect.getdoc(value) or name).strip().split("\n")[0]
    return Claim(name, statement, "a user-defined function", lambda at: value(at.problem, at.solution))
