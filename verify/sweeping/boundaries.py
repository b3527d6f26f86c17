"""Theory's boundaries on a plane: where λ_H λ_W equals a threshold, from the closed forms alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import theory
from verify.sweeping.made import made
from verify.sweeping.plane import Plane

Float = NDArray[np.float64]
Line = tuple[Float, Float]


@dataclass(frozen=True)
class Boundary:
    """Lines in positions of the plane, and the threshold they belong to."""

    label: str
    lines: tuple[Line, ...]


def boundaries(plane: Plane) -> tuple[tuple[Boundary, ...], float]:
    """Each threshold's lines, and the fraction of the plane that a theorem covers.

    At every point of a fine grid ``theory.predict`` compares λ_H λ_W with each threshold θ of the problem there. The
    lines are log(λ_H λ_W / θ) = 0, between the points of the grid by linear interpolation, which is exact where both
    axes are logarithmic and θ is a product of their powers.
    """
    xs, ys = plane.x.fine(), plane.y.fine()
    heights: dict[tuple[str, str], Float] = {}
    covered = 0
    for j, y in enumerate(ys):
        for i, x in enumerate(xs):
            given = plane.study.varied({**plane.held, plane.x.key: x, plane.y.key: y})
            try:
                problem = made(given)
            except ValueError:  # none of this size between the table's own, such as an orthogonal array
                continue
            try:
                found = theory.predict(problem)
            except theory.NotCovered:
                continue
            covered += 1
            for threshold in found.thresholds:
                height = heights.setdefault((found.theorem, threshold.what), np.full((len(ys), len(xs)), np.nan))
                if threshold.product > 0 and 0 < threshold.value < math.inf:
                    height[j, i] = math.log(threshold.product) - math.log(threshold.value)
    places = np.array([plane.x.position(x) for x in xs]), np.array([plane.y.position(y) for y in ys])
    named: dict[bytes, list[tuple[str, str]]] = {}
    for name, height in heights.items():
        named.setdefault(np.round(height, 12).tobytes(), []).append(name)
    lines = [Boundary(_label(names), tuple(_lines(plane, *places, heights[names[0]]))) for names in named.values()]
    return tuple(boundary for boundary in lines if boundary.lines), covered / (len(xs) * len(ys))


def _label(names: list[tuple[str, str]]) -> str:
    """Theorem and the parts that share the line: "Theorem 3.1: task 1, task 2"."""
    theorem, parts = names[0][0], list(dict.fromkeys(what for _, what in names))
    more = f" and {len(parts) - 3} more" if len(parts) > 3 else ""
    return f"{theorem}: {', '.join(parts[:3])}{more}"


def _lines(plane: Plane, xs: Float, ys: Float, height: Float) -> Iterator[Line]:
    """Where the height is zero: lines along two axes, or a stroke across each value of one with none between."""
    if plane.x.along and plane.y.along:
        from contourpy import contour_generator  # matplotlib's own

        across, up = _bridged(height), _bridged(height.T)
        known = np.ma.masked_invalid(height[np.ix_(up, across)])
        for line in contour_generator(xs[across], ys[up], known).lines(0.0):
            of_x, of_y = np.asarray(line).T
            yield of_x, of_y
    elif plane.y.along:
        for i, ends in enumerate(zip(plane.x.edges[:-1], plane.x.edges[1:], strict=True)):
            for y in _zeros(ys, height.T[i]):
                yield np.array(ends), np.array([y, y])
    elif plane.x.along:
        for j, ends in enumerate(zip(plane.y.edges[:-1], plane.y.edges[1:], strict=True)):
            for x in _zeros(xs, height[j]):
                yield np.array([x, x]), np.array(ends)


def _bridged(height: Float) -> NDArray[np.intp]:
    """The columns, less empty ones between two with values.

    One line of the plane, such as equal counts, may belong to another theorem; the boundary passes over it.
    """
    some: NDArray[np.bool_] = np.asarray(np.isfinite(height).any(axis=0))
    alone = np.zeros_like(some)
    alone[1:-1] = ~some[1:-1] & some[:-2] & some[2:]
    return np.flatnonzero(~alone)


def _zeros(places: Float, height: Float) -> Iterator[float]:
    for k in range(len(places) - 1):
        low, high = height[k], height[k + 1]
        if low * high < 0 or low == 0 != high:
            yield float(places[k] - low * (places[k + 1] - places[k]) / (high - low))
