"""A property of a theorem, defined once for its metric, its row in a comparison and its claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from verify.reading.form import Float


class Stated(TypedDict):
    """The part of a property that ``verify.claims._claim`` uses."""

    statement: str
    source: str


@dataclass(frozen=True)
class Property:
    """A property that a theorem gives every minimizer.

    name        its name in a row of ``verify.compare``
    statement   the same as an equation
    source      where it is stated
    codes       its names in ``theory.Prediction.properties``: for Problem (3), for Problem (4), for label sets
    deviations  of what was read, an array that is 0 where the property holds and NaN where a zero vector leaves it
                undefined. A metric is an average of it, a row its largest, a claim its largest of what is not zero
    """

    name: str
    statement: str
    source: str
    codes: tuple[str, ...]
    deviations: Callable[..., NDArray[Any]]

    @property
    def stated(self) -> Stated:
        """Statement and source."""
        return {"statement": self.statement, "source": self.source}

    def number(self, *, multi_source: bool) -> int:
        """The theorem's number of the property, which differs between Problems (3) and (4): 5 of "SNC5"."""
        own = [code for code in self.codes if code.startswith("M") == multi_source]
        return int(own[0][-1])


def largest(deviations: Float) -> float:
    """The largest that is defined, 0 where none is: what a claim makes of deviations."""
    return float(np.max(deviations[~np.isnan(deviations)], initial=0.0))
