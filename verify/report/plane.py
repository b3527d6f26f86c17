"""The positions of a figure's numbers, for display under the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LINE_POINTS = 200


@dataclass(frozen=True)
class Frame:
    """The box of a figure's only axes in points from the upper left corner, and the ends of its linear scales."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]


@dataclass(frozen=True)
class Series:
    """Numbers drawn as a line or as single points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    line: bool = False


@dataclass(frozen=True)
class Plane:
    """The content of a figure: y of each series against x."""

    x: str
    y: str
    series: tuple[Series, ...]

    def data(self, frame: Frame) -> dict[str, Any]:
        """JSON-ready; lines are thinned to a few points, between which the page interpolates."""
        series = []
        for each in self.series:
            x, y = np.asarray(each.x, dtype=np.float64), np.asarray(each.y, dtype=np.float64)
            kept = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
            if each.line and len(kept) > LINE_POINTS:
                kept = kept[np.linspace(0, len(kept) - 1, LINE_POINTS).round().astype(int)]
            numbers = {"x": [float(f"{v:.6g}") for v in x[kept]], "y": [float(f"{v:.6g}") for v in y[kept]]}
            series.append({"line": each.line, **numbers})
        return {"frame": vars(frame), "series": series}


def frame_of(figure: Any) -> Frame | None:
    """The frame of a laid-out matplotlib figure; None if there are several axes or scales that are not linear."""
    if len(figure.axes) != 1 or {figure.axes[0].get_xscale(), figure.axes[0].get_yscale()} != {"linear"}:
        return None
    axes = figure.axes[0]
    width, height = (72.0 * size for size in figure.get_size_inches())
    box = axes.get_position()
    left, right, low, high = map(float, (*axes.get_xlim(), *axes.get_ylim()))
    sides = (box.x0 * width, (1.0 - box.y1) * height, box.width * width, box.height * height)
    x0, y0, wide, tall = map(float, sides)
    return Frame(x0, y0, wide, tall, (left, right), (low, high))
