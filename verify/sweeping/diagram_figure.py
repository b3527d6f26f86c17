"""The phase diagram: problems by colour, and theory's boundaries on top."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.plot.layout import legend_below, tidy
from verify.plot.style import COLUMN, DASHES, FAINT, INK, in_style, literal, new_axes
from verify.sweeping.boundaries import Boundary, boundaries
from verify.sweeping.diagram_colours import Colours, colours
from verify.sweeping.plane import Direction, Plane, read_plane, shown
from verify.sweeping.run import require_libraries

SYMBOLS = {
    "lambda_H": r"$\lambda_H$",
    "lambda_W": r"$\lambda_W$",
    "lambda_b": r"$\lambda_b$",
    "lambdas": r"$\lambda_H = \lambda_W = \lambda_b$",
    "n_same": r"$n_\mathrm{same}$",
    "n_different": r"$n_\mathrm{different}$",
    "label_smoothing": r"label smoothing $\varepsilon$",
    "classes": "classes K",
}
WORDS_IN_A_ROW = 30  # letters of the legend's longest entry that leave room for a second one beside it


def drawn_table(table: str | Path, x: str | None, y: str | None, colour: str, at: Mapping[str, str], ax: Any) -> Any:
    """See ``verify.plot.phase_diagram``."""
    require_libraries()
    plane = read_plane(table, x, y, colour, at)
    return draw_plane(plane, boundaries(plane)[0], ax)


def phase_diagram_figure(plane: Plane) -> tuple[Any, str]:
    """The diagram, and its caption with the numbers behind it."""
    lines, covered = boundaries(plane)
    return draw_plane(plane, lines).get_figure(), _caption(plane, lines, covered)


def draw_plane(plane: Plane, lines: tuple[Boundary, ...], ax: Any = None) -> Any:
    """The plane on its axes: cells or points by colour, boundaries on a white ground."""
    drawn = colours(plane.frame[plane.colour])
    entries = len(lines) + len(drawn.words or ()) * (drawn.ticks is None)
    axes = new_axes(ax, 1.35 * COLUMN, 3.0 + 0.15 * entries)
    with in_style():
        _draw_problems(axes, plane, drawn)
        for k, boundary in enumerate(lines):
            look = {"color": INK, "linewidth": 1.5, "linestyle": DASHES[k % len(DASHES)]}
            for j, (xs, ys) in enumerate(boundary.lines):
                axes.plot(xs, ys, color="white", linewidth=3.4, solid_capstyle="butt", zorder=3)
                axes.plot(xs, ys, label=literal(boundary.label) if j == 0 else None, zorder=4, **look)
        for direction, axis in ((plane.x, axes.xaxis), (plane.y, axes.yaxis)):
            _ticks(direction, axis)
        for limits, direction in ((axes.set_xlim, plane.x), (axes.set_ylim, plane.y)):
            limits(direction.edges[0], direction.edges[-1])
        axes.set_xlabel(SYMBOLS.get(plane.x.key, literal(plane.x.key)))
        axes.set_ylabel(SYMBOLS.get(plane.y.key, literal(plane.y.key)))
        tidy(axes, literal(", ".join(f"{key} = {shown(value)}" for key, value in plane.held.items())))
        longest = max((len(name) for name in axes.get_legend_handles_labels()[1]), default=0)
        legend_below(axes, columns=2 if longest <= WORDS_IN_A_ROW else 1)
    return axes


def _draw_problems(axes: Any, plane: Plane, drawn: Colours) -> None:
    options = {"cmap": drawn.cmap, "norm": drawn.norm}
    cells = _cells(plane, drawn.numbers)
    if cells is not None:
        shade = axes.pcolormesh(plane.x.edges, plane.y.edges, cells, rasterized=True, **options)
    else:
        shade = axes.scatter(plane.xs, plane.ys, c=drawn.numbers, s=14, linewidths=0, **options)
    if drawn.ticks is not None or drawn.words is None:
        bar = axes.get_figure().colorbar(shade, ax=axes, ticks=drawn.ticks, shrink=0.9)
        if drawn.words is not None:
            bar.ax.set_yticklabels(drawn.words)
        bar.set_label(literal(plane.colour))
        bar.ax.tick_params(which="minor", length=0)
    for k, word in enumerate(drawn.words or () if drawn.ticks is None else ()):
        axes.fill([], [], color=drawn.cmap(k), label=literal(f"{plane.colour}: {word}"))


def _cells(plane: Plane, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """(y, x) values of a grid; None of samples."""
    if plane.study.plan.samples is not None:
        return None
    columns = [plane.x.position(value) for value in plane.x.values]
    rows = [plane.y.position(value) for value in plane.y.values]
    cells = np.full((len(rows), len(columns)), np.nan)
    cells[np.searchsorted(rows, plane.ys), np.searchsorted(columns, plane.xs)] = values
    return cells


def _ticks(direction: Direction, axis: Any) -> None:
    """Whole powers of ten of logarithms; other values by name."""
    if direction.log:
        low, high = np.log10(direction.values[0]), np.log10(direction.values[-1])
        powers = np.arange(np.ceil(low - 1e-9), np.floor(high + 1e-9) + 1)
        if len(powers) >= 2:
            powers = powers[:: max(1, len(powers) // 7)]
            axis.set_ticks(powers * np.log(10), [f"$10^{{{int(power)}}}$" for power in powers])
            return
        some = direction.values[:: max(1, len(direction.values) // 6)]
        axis.set_ticks([direction.position(value) for value in some], [f"{value:.3g}" for value in some])
    elif not direction.numbers:
        axis.set_ticks(range(len(direction.values)), [literal(shown(value)) for value in direction.values])
    axis.set_tick_params(color=FAINT)


def _caption(plane: Plane, lines: tuple[Boundary, ...], covered: float) -> str:
    frame = plane.frame
    known = frame[frame["covered"]]
    agree = int((known["rank"] == known["theory_rank"]).sum())
    held = "".join(f", {key} = {shown(value)}" for key, value in plane.held.items())
    theorems = "; ".join(boundary.label for boundary in lines) or "none"
    undefined = f" White: {plane.colour} is undefined." if frame[plane.colour].isna().any() else ""
    return (
        f"{plane.colour} over {plane.x.key} and {plane.y.key}{held}: {len(frame):,} problems, "
        f"{int(frame['certified'].sum()):,} of them certified global minima. Lines: where λ_Hλ_W meets a threshold of "
        f"theory ({theorems}), which covers {covered:.0%} of the plane. The rank of the heads is theory's in "
        f"{agree:,} of {len(known):,} covered problems.{undefined}"
    )
