"""Matrices of cosines between rows of heads, alone or side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from verify.plot.layout import tidy
from verify.plot.style import COLUMN, GREY, INK, PAGE, SMALL, in_style, new_figure
from verify.reading.form import Float
from verify.reading.label_reading import NamedOutputs, NamedTask, shown

Named = NamedTask | NamedOutputs
ROWS_NAMED = 16  # more rows than this have no room for their names and are named by their task
ROWS_NUMBERED = 8  # up to here a cell holds its number
ROWS_MARKED = 40  # up to here a cell says that it is negative; more rows have no room for it
LABELS = 25
NEGATIVE = 0.02  # a cosine below minus this is not white any more
NAMES_UPRIGHT = 8  # more names than this do not fit side by side
NAME_WIDTH = 12  # letters of a class's name beside its row


def cosine_panels(
    panels: Sequence[tuple[str, Float]],
    classes: tuple[int, ...],
    symbols: Sequence[str] = (),
    tasks: Sequence[Named] = (),
) -> Any:
    """Matrices (R, R) of cosines side by side under their titles; NaN is grey.

    symbols  what the rows of each panel are, in TeX: "w", heads, unless given
    tasks    their names, and those of their classes, in place of symbols
    """
    width = COLUMN if len(panels) == 1 else PAGE
    figure = new_figure(width, 0.45 + (width - 0.6) / len(panels))
    with in_style():
        grid = figure.subplots(1, len(panels), squeeze=False)[0]
        meshes = [
            cosine_matrix(axes, matrix, classes, title, symbol, tasks)
            for axes, (title, matrix), symbol in zip(grid, panels, symbols or "w" * len(panels), strict=True)
        ]
        colour_bar(figure, meshes[-1], list(grid))
    return figure


def colour_bar(figure: Any, mesh: Any, axes: Any) -> None:
    """The colour bar of the cosines."""
    bar = figure.colorbar(mesh, ax=axes, shrink=0.8, ticks=[-1, -0.5, 0, 0.5, 1], pad=0.02)
    bar.outline.set_linewidth(0.4)
    bar.set_label("cosine")


def cosine_matrix(
    axes: Any, matrix: Float, classes: tuple[int, ...], title: str, symbol: str = "w", tasks: Sequence[Named] = ()
) -> Any:
    """One matrix on its axes, rows from the top, lines between tasks; returns the mesh of its cells."""
    from matplotlib import colormaps

    rows = len(matrix)
    colours = colormaps["RdBu_r"].with_extremes(bad=GREY)
    edges = np.arange(rows + 1) - 0.5
    mesh = axes.pcolormesh(
        edges,
        edges,
        np.ma.masked_invalid(matrix),
        cmap=colours,
        vmin=-1,
        vmax=1,
        edgecolors="face",  # else renderers leave hairlines between cells
        linewidth=0.2,
        rasterized=rows > ROWS_NUMBERED,  # a picture in the SVG: thousands of shapes make it large and slow
    )
    axes.set_facecolor(GREY)
    axes.set_aspect("equal")
    axes.set_xlim(-0.5, rows - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    ends = np.cumsum(classes)
    for edge in ends[:-1] - 0.5:
        axes.axhline(edge, color=INK, linewidth=0.7)
        axes.axvline(edge, color=INK, linewidth=0.7)
    names = _name_rows(axes, classes, ends, symbol, tasks)
    if rows <= ROWS_NUMBERED:
        _number_cells(axes, matrix)
    elif rows <= ROWS_MARKED:
        _mark_negative(axes, matrix)
    _name_grey(axes, matrix, classes, ends)
    tidy(axes, title)
    axes.tick_params(length=0)
    if names > NAMES_UPRIGHT or (tasks and rows > 4):
        axes.tick_params(axis="x", rotation=90)
    return mesh


def _name_rows(axes: Any, classes: tuple[int, ...], ends: Any, symbol: str, tasks: Sequence[Named]) -> int:
    rows = int(ends[-1])
    if rows <= ROWS_NAMED:
        at = np.arange(rows, dtype=np.float64)
        names = [f"${symbol}_{{{k}}}^{{{t}}}$" for t, size in enumerate(classes, 1) for k in range(1, size + 1)]
        if tasks:
            names = [_plain(name) for task in tasks for name in task.classes]
    else:
        step = -(-len(classes) // LABELS)
        at = (ends - (np.array(classes) + 1) / 2)[::step]
        names = [f"$W^{{{t}}}$" for t in range(1, len(classes) + 1, step)]
        if tasks:
            names = [_plain(task.name) for task in tasks[::step]]
    axes.set_xticks(at, names)
    axes.set_yticks(at, names)
    return len(names)


def _plain(name: str) -> str:
    """A name escaped so that matplotlib does not read it as TeX."""
    return shown(name, NAME_WIDTH).replace("$", r"\$")


def _number_cells(axes: Any, matrix: Float) -> None:
    for i, j in np.argwhere(np.isfinite(matrix)):
        cosine = matrix[i, j]
        # + 0.0: a rounded −0.00 reads as a sign
        text = f"{round(float(cosine), 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")
        colour = "white" if abs(cosine) > 0.6 else INK
        axes.text(j, i, text, ha="center", va="center", fontsize=SMALL if len(matrix) <= 6 else 6, color=colour)


def _mark_negative(axes: Any, matrix: Float) -> None:
    """Marks negative cells with a minus sign, so that they can be recognized without colour."""
    i, j = np.nonzero(np.nan_to_num(matrix) < -NEGATIVE)
    colours = np.where(matrix[i, j] < -0.6, "white", INK)
    axes.scatter(j, i, marker="_", s=(60 / len(matrix)) ** 2, c=colours, linewidths=0.5, rasterized=True)


def _name_grey(axes: Any, matrix: Float, classes: tuple[int, ...], ends: Any) -> None:
    """Writes "free" or "zero" into blocks that are entirely grey and wide enough."""
    starts = ends - np.array(classes)
    for t, (row, height) in enumerate(zip(starts, classes, strict=True)):
        for s, (column, width) in enumerate(zip(starts, classes, strict=True)):
            block = matrix[row : row + height, column : column + width]
            if not np.isnan(block).all() or width < 0.12 * len(matrix):
                continue
            zero = np.isnan(np.diagonal(matrix)[[row, column]]).any()
            word = "zero" if zero else "free" if t != s else ""
            middle = (column + (width - 1) / 2, row + (height - 1) / 2)
            axes.text(*middle, word, ha="center", va="center", color="#555555")
