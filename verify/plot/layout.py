"""Shared layout of panels: titles, ticks, and legends in the margin, off the data."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from verify.plot.style import FAINT, INK, PAGE, SMALL, TEXT, in_style, literal, new_figure

ROW = 1.75  # inches of a panel in a grid
ROWS, LINE = 4, 1.5  # rows of a legend that a figure has room for; the height of one, in its type size
LETTER, HANDLE = 0.6, 4.6  # widths in a legend, in its type size: of a letter at most about, and of what stands before


def tidy(axes: Any, title: str = "") -> None:
    """Applies the common look, also to axes made outside ``in_style``."""
    axes.set_title(title, fontsize=TEXT, color=INK)
    axes.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(TEXT)
        label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.6)


def grid(axes: Any) -> None:
    """Faint lines below the data, at the major ticks."""
    axes.grid(True, which="major", color="#eeeeee", linewidth=0.6)
    axes.set_axisbelow(True)


def whole_numbers(axes: Any) -> None:
    """Ticks at whole numbers only: there is no epoch and no step 1.5."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def legend_below(axes: Any, columns: int = 2, *, label: bool = True, grow: bool = False) -> None:
    """The legend in the margin below the axes, off the data, in at most so many columns as there is room for.

    label  whether the x axis has one above it
    grow   whether the figure may: taller by the rows beyond ``ROWS``, which would take the axes' own room
    """
    from matplotlib.transforms import ScaledTranslation

    handles, names = axes.get_legend_handles_labels()
    if not names:
        return
    figure = axes.get_figure()
    room = 72 * figure.bbox.width / figure.dpi / _beside(axes) - 2 * SMALL
    wrapped = [_wrapped(name, room) for name in names]
    points = (3.3 if label else 1.5) * TEXT + 4
    below = axes.transAxes + ScaledTranslation(0, -points / 72, figure.dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": below, "borderaxespad": 0.2}
    side_by_side = _columns(wrapped, room, columns)
    axes.legend(handles, wrapped, ncols=side_by_side, fontsize=SMALL, columnspacing=1.2, **place)
    if grow:
        figure.set_figheight(figure.get_figheight() + legend_beyond(len(names), side_by_side))


def legend_beyond(names: int, columns: int) -> float:
    """Inches that a legend of so many names is higher than ``ROWS`` rows."""
    return LINE * SMALL / 72 * max(0, -(-names // columns) - ROWS)


def legend_of_figure(figure: Any, axes: Any, columns: int = 4) -> None:
    """One legend for all panels, below them, with the entries of one of them."""
    handles, names = axes.get_legend_handles_labels()
    if names:
        room = 72 * figure.get_figwidth() - 2 * SMALL
        place = {"loc": "outside lower center", "ncols": _columns(names, room, columns)}
        figure.legend(handles, names, fontsize=SMALL, columnspacing=1.2, **place)


def _beside(axes: Any) -> int:
    """The number of axes that share the figure's width."""
    place = axes.get_subplotspec()
    return 1 if place is None else int(place.get_gridspec().ncols)


def _letters(name: str) -> int:
    """The visible letters of a label; TeX commands take no room."""
    return len(re.sub(r"\\[a-zA-Z]+|[${}^_\\]", "", name))


def _wrapped(name: str, room: float) -> str:
    most = int((room - HANDLE * SMALL) / (LETTER * SMALL))
    return name if _letters(name) <= most or "$" in name else textwrap.fill(name, max(most, 8))


def _columns(names: Sequence[str], room: float, most: int) -> int:
    """The most columns, filled one after the other, that the room in points holds side by side."""
    widths = [(max(map(_letters, name.split("\n"))) * LETTER + HANDLE) * SMALL for name in names]
    for columns in range(min(most, len(names)), 1, -1):
        if sum(max(part) for part in np.array_split(widths, columns)) <= room:  # as matplotlib fills them
            return columns
    return 1


def panel_grid(panels: int, groups: Sequence[str] = ("",)) -> tuple[Any, list[Any]]:
    """A figure of a page's width with this number of panels under the title of each group, two or three in a row.

    Returns the figure and the axes, group after group; axes that are left over are gone.
    """
    columns = panels if panels < 4 else 2 if panels == 4 else 3
    rows = -(-panels // columns)
    figure = new_figure(PAGE, (ROW * rows + 0.2 * any(groups)) * len(groups) + 0.35)
    every = []
    with in_style():
        for name, part in zip(groups, figure.subfigures(len(groups), 1, squeeze=False)[:, 0], strict=True):
            if name:
                part.suptitle(literal(name), fontsize=TEXT, fontweight="bold", color=INK)
            grid = part.subplots(rows, columns, squeeze=False).ravel()
            for axes in grid[panels:]:
                axes.remove()
            every.extend(grid[:panels])
    return figure, every
