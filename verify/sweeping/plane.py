"""Two axes of a table: the positions of its problems, and the axes to be held fixed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support.nearest_name import require_name
from ufm.support.regular_file import require_regular
from verify.sweeping.columns import study_of
from verify.sweeping.parameters import WHOLE
from verify.sweeping.parts import read_metadata
from verify.sweeping.study import Study

FINE = 41  # values along an axis at which theory is asked
LAMBDAS = ("lambdas", "lambda_H", "lambda_W", "lambda_b")


@dataclass(frozen=True)
class Direction:
    """An axis of the plane. Numbers are placed at their values or logarithms; other values at 0, 1, …"""

    key: str
    values: tuple[Any, ...]
    log: bool

    @property
    def numbers(self) -> bool:
        """Whether its values are numbers."""
        return all(isinstance(value, (int, float)) for value in self.values)

    @property
    def along(self) -> bool:
        """Whether there is anything between its values: at least two numbers."""
        return self.numbers and len(self.values) > 1

    def position(self, value: Any) -> float:
        """The position of a value."""
        if not self.numbers:
            return float(self.values.index(value))
        return math.log(value) if self.log else float(value)

    def fine(self) -> tuple[Any, ...]:
        """The values at which boundaries are searched for, closely spaced if they are numbers."""
        if not self.along:
            return self.values
        low, high = (self.position(end) for end in (min(self.values), max(self.values)))
        if self.log and self.key in LAMBDAS:  # to the rim of the drawing; other numbers may not go on there
            low, high = self.edges[0], self.edges[-1]
        found = np.linspace(low, high, FINE)
        values = (np.exp(found) if self.log else found).clip(*self._bounds).tolist()
        return tuple(dict.fromkeys(round(value) if self.key in WHOLE else value for value in values))

    @property
    def _bounds(self) -> tuple[float, float]:
        """Rounding leads out of the values' range nowhere but where that is meant."""
        return (0.0, math.inf) if self.key in LAMBDAS else (min(self.values), max(self.values))

    @property
    def edges(self) -> NDArray[np.float64]:
        """The ends of the values' cells: half-way between neighbours."""
        places = np.array([self.position(value) for value in self.values])
        if len(places) == 1:
            half = 0.5 if self.log or not self.numbers else 0.5 * (abs(places[0]) or 1.0)
            return np.array([places[0] - half, places[0] + half])
        between = (places[1:] + places[:-1]) / 2
        return np.concatenate([[2 * places[0] - between[0]], between, [2 * places[-1] - between[-1]]])


@dataclass(frozen=True)
class Plane:
    """The problems of a table with every axis but x and y held fixed.

    xs, ys  the positions of the problems; ``colours`` the column asked for; ``rows`` the frame's other columns
    held    the values of the other axes
    """

    study: Study
    x: Direction
    y: Direction
    colour: str
    held: Mapping[str, Any]
    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    frame: Any


def read_plane(table: str | Path, x: str | None, y: str | None, colour: str, at: Mapping[str, str]) -> Plane:
    """The plane of two axes of a table.

    x, y  by default the study's first axes
    at    the fixed value of every other axis, as text

    Raises ValueError, naming it, for an axis that the study does not vary, a missing column, an axis that must be held
    fixed, or a value that does not occur; FileNotFoundError if there is no table.
    """
    import pandas
    import pyarrow.parquet as pq

    path = Path(table)
    require_regular("table", path)
    where = f"table={str(path)!r}"
    study = study_of(read_metadata(path), where)
    keys = [axis.key for axis in study.axes]
    if len(keys) < 2:
        raise ValueError(f"{where} varies {', '.join(keys) or 'nothing'}; a phase diagram needs two axes")
    free = [key for key in keys if key not in {x, y, *at}]
    if len(free) < (not x) + (not y):
        raise ValueError(f"at={', '.join(at)}: a phase diagram needs two of {', '.join(keys)} that are not held")
    x = x or free.pop(0)
    y = y or free.pop(0)
    for name, key in (("x", x), ("y", y), *(("at", key) for key in at)):
        require_name(name, key, keys)
    if x == y or {x, y} & set(at):
        raise ValueError(f"x={x!r}, y={y!r} and at={', '.join(at) or None} must be different axes")
    require_name("colour", colour, pq.read_schema(path).names)
    frame = pandas.read_parquet(
        path, columns=list(dict.fromkeys(["problem", "certified", "covered", "rank", "theory_rank", colour]))
    )
    values = study.values(frame["problem"].tolist())
    held, keep = {}, np.ones(len(frame), dtype=bool)
    for key in keys:
        if key not in (x, y):
            held[key] = _held(study, key, at)
            keep &= np.array([value == held[key] for value in values[key]])
    across, up = (_direction(study, key, values[key]) for key in (x, y))
    xs, ys = (
        np.array([of.position(value) for value, kept in zip(values[of.key], keep, strict=True) if kept])
        for of in (across, up)
    )
    return Plane(study, across, up, colour, held, xs, ys, frame[keep].reset_index(drop=True))


def _held(study: Study, key: str, at: Mapping[str, str]) -> Any:
    axis = next(axis for axis in study.axes if axis.key == key)
    if study.plan.samples is not None and axis.range is not None:
        raise ValueError(
            f"{key} is another number in every sample and cannot be held: only a study that has values of {key} in a "
            "list has such a diagram"
        )
    choices = {shown(value): value for value in axis.grid()}
    if key not in at and len(choices) == 1:
        return next(iter(choices.values()))
    if key not in at:
        raise ValueError(
            f"the table varies {key} as well; hold it by --at {key}=VALUE, one of {', '.join(list(choices)[:20])}"
        )
    if at[key] in choices:
        return choices[at[key]]
    for value in choices.values():
        try:
            if isinstance(value, (int, float)) and math.isclose(float(at[key]), value, rel_tol=1e-3):
                return value
        except ValueError:
            break
    raise ValueError(f"at {key}={at[key]!r} is not a value of the table; it has {', '.join(list(choices)[:20])}")


def shown(value: Any) -> str:
    """A value as --at takes it: 0.001, squared-error, 3,3."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return ",".join(map(shown, value)) if isinstance(value, (tuple, list)) else str(value)


def _direction(study: Study, key: str, values: Sequence[Any]) -> Direction:
    """The values in order; on a logarithmic scale if the study has one, or if a list of numbers spans decades."""
    axis = next(axis for axis in study.axes if axis.key == key)
    distinct = tuple(dict.fromkeys(values if study.plan.samples is not None else axis.grid()))
    if not all(isinstance(value, (int, float)) for value in distinct):
        return Direction(key, distinct, log=False)
    low, high = min(distinct), max(distinct)
    log = axis.range.scale == "log" if axis.range is not None else low > 0 and high >= 20 * low
    return Direction(key, tuple(sorted(distinct)), log)
