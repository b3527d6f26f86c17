"""Two doubles with the global minimum between them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Enclosure(NamedTuple):
    """lower ≤ min F ≤ upper, proven; upper is F at the point, rounded up, so that F ≤ upper too.

    A pair: ``lower, upper = certificate.enclosure``.
    """

    lower: float
    upper: float

    @property
    def relative_width(self) -> float:
        """(upper − lower) / upper, rounded up; infinite where upper is, 0 where the ends are equal."""
        if not math.isfinite(self.upper):
            return math.inf
        if self.upper == self.lower:
            return 0.0
        width = (self.upper - self.lower) / self.upper
        return math.nextafter(math.nextafter(width, math.inf), math.inf)  # a subtraction and a division, rounded each

    def __contains__(self, value: object) -> bool:
        """Whether an integer, float or fraction lies between the ends; NumPy's are compared as Python's, exactly."""
        number = value.item() if isinstance(value, np.generic) else value
        return isinstance(number, (int, float, Fraction)) and self.lower <= number <= self.upper

    def __str__(self) -> str:
        return f"[{self.lower!r}, {self.upper!r}]"
