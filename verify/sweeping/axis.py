"""[axes]: the quantities that vary across a study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Literal

import attrs

from ufm.support import validation
from ufm.support.nearest_name import unknown_name
from ufm.support.tables import checked, one_of, or_none, read_table, whole
from verify.sweeping.parameters import KEYS, REAL, WHOLE, check_value

Scale = Literal["log", "linear"]
EACH = 100  # class numbers that are tried one by one


def _number(name: str, value: Any) -> float:
    if (number := validation.real_number(value)) is None or not math.isfinite(number):
        raise TypeError(f"{name} must be a finite number, got {value!r}")
    return number


@attrs.frozen
class Range:
    """Numbers from low to high: ``points`` of them in a grid, any of them in samples."""

    TABLE: ClassVar[str] = "axes"

    low: float = checked(_number)
    high: float = checked(_number)
    points: int | None = checked(or_none(whole(2)), None)
    scale: Scale = checked(one_of(("log", "linear")), "log")

    def __attrs_post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"{self.TABLE}: low={self.low:g} must be below high={self.high:g}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"{self.TABLE}.low must be > 0 on a logarithmic scale, got {self.low:g}; scale = 'linear'")

    def at(self, u: float) -> float:
        """low at u = 0, high at u = 1, exactly."""
        if u in (0.0, 1.0):
            return self.high if u else self.low
        if self.scale == "log":
            return math.exp((1 - u) * math.log(self.low) + u * math.log(self.high))
        return (1 - u) * self.low + u * self.high


@cache
def _range_of(key: str) -> type[Range]:
    """Reads a range; errors name the axis."""
    return type("Range", (Range,), {"TABLE": f"axes.{key}", "__doc__": Range.__doc__})


@attrs.frozen
class Axis:
    """A key of [problem] with its values or their range."""

    key: str
    values: tuple[Any, ...] = ()
    range: Range | None = None

    def grid(self) -> tuple[Any, ...]:
        """The values of a grid, whole numbers each once."""
        if self.range is None:
            return self.values
        points = self.range.points
        if points is None:
            raise ValueError(f"axes.{self.key}.points is missing: how many values a grid has")
        return tuple(dict.fromkeys(self._kept(self.range.at(k / (points - 1))) for k in range(points)))

    def at(self, u: float) -> Any:
        """The value at u in [0, 1) of a sample."""
        if self.range is None:
            return self.values[int(u * len(self.values))]
        return self._kept(self.range.at(u))

    def some(self) -> tuple[Any, ...]:
        """The values tried before the work: all values, or the ends of a numeric range.

        Class numbers are all tried, up to a hundred: an orthogonal array may exist at both ends but not in between.

        """
        if self.range is not None:
            low, high = (self._kept(self.range.low), self._kept(self.range.high))
            points = self.range.points
            if self.key != "classes" or (points or high - low) > EACH:
                return (low, high)
            return tuple(range(low, high + 1)) if points is None else self.grid()
        numbers = self.key in (*WHOLE, *REAL) and all(isinstance(value, (int, float)) for value in self.values)
        if not numbers or (self.key == "classes" and len(self.values) <= EACH):
            return self.values
        return (min(self.values), max(self.values))

    def _kept(self, number: float) -> Any:
        value = round(number) if self.key in WHOLE else number
        return check_value(self.key, f"axes.{self.key}", value)

    def table(self) -> Any:
        """The axis as in the study's file."""
        return list(self.values) if self.range is None else attrs.asdict(self.range)


def read_axis(key: str, value: Any) -> Axis:
    """An axis from a list of values, or from a table of low, high and points.

    Raises ValueError for a key that no problem has, or without values; TypeError for anything else.
    """
    if key not in KEYS:
        raise unknown_name("key of [axes]", key, KEYS)
    if isinstance(value, Mapping):
        if key not in (*WHOLE, *REAL):
            raise ValueError(f"axes.{key} has no numbers between low and high; give a list of its values")
        found = Axis(key, range=Range(**attrs.asdict(read_table(_range_of(key), value))))
        found.some()
        return found
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"axes.{key} must be a list of values, or {{ low = …, high = …, points = … }}, got {value!r}")
    if not value:
        raise ValueError(f"axes.{key} is empty: a grid over it has no problem; give it values, or leave it out")
    checked_values = tuple(check_value(key, f"axes.{key}[{i}]", one) for i, one in enumerate(value))
    if len(set(map(repr, checked_values))) < len(checked_values):
        raise ValueError(f"axes.{key} names a value twice: {value!r}")
    return Axis(key, checked_values)
