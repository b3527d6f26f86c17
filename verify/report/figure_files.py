"""Figures as bytes on a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from verify.plot.files import drawn
from verify.plot.style import DPI, in_style
from verify.report.plane import Frame, frame_of


@dataclass(frozen=True)
class FigureFile:
    """One figure in two formats.

    name     without extension
    caption  for the page; alt, for readers without images
    frame    of the axes, if there is exactly one with linear scales
    """

    name: str
    caption: str
    alt: str
    png: bytes
    svg: bytes
    frame: Frame | None = None


def figure_file(name: str, figure: Any, caption: str, alt: str) -> FigureFile:
    """Draws the figure as PNG and as SVG."""
    # the layout found for one format serves the other; a figure left with an engine is drawn twice each time
    figure.set_dpi(DPI)
    with in_style():
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
    return FigureFile(name, caption, alt, _drawn(figure, "png"), _drawn(figure, "svg"), frame_of(figure))


def _drawn(figure: Any, kind: str) -> bytes:
    return drawn(figure, kind)
