"""Two doubles with the global minimum between them."""

from __future__ import annotations

import math
from typing import NamedTuple


class Enclosure(NamedTuple):
    """lower ≤ min F ≤ upper, proven; upper is F at the point, rounded up, so that F ≤ upper too.

    A pair: ``lower, upper = certificate.enclosure``.
    """

    lower: float
    upper: float

    @property
    def relative_width(self) -> float:
        """(upper − lower) / upper, rounded up; infinite where upper is."""
        if not math.isfinite(self.upper):
            return math.inf
        width = (self.upper - self.lower) / self.upper
        return math.nextafter(math.nextafter(width, math.inf), math.inf)  # a subtraction and a division, rounded each

    def __contains__(self, value: object) -> bool:
        """Whether a number lies between the ends."""
        return isinstance(value, (int, float)) and self.lower <= value <= self.upper

    def __str__(self) -> str:
        return f"[{self.lower!r}, {self.upper!r}]"
