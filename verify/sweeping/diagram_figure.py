"""The phase diagram: problems by colour, and theory's boundaries on top."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.report.figure_files import FAINT, INK, FigureFile, figure_file, literal, new_figure, tidy
from verify.sweeping.boundaries import Boundary, boundaries
from verify.sweeping.diagram_colours import colours
from verify.sweeping.plane import Direction, Plane, shown

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
STYLES = ("-", "--", ":", "-.")


def phase_diagram_file(plane: Plane, name: str) -> FigureFile:
    """The diagram, captioned with the numbers behind it."""
    lines, covered = boundaries(plane)
    figure = _figure(plane, lines)
    caption = _caption(plane, lines, covered)
    return figure_file(name, figure, caption, caption)


def _figure(plane: Plane, lines: tuple[Boundary, ...]) -> Any:
    drawn = colours(plane.frame[plane.colour])
    entries = len(lines) + len(drawn.words or ()) * (drawn.ticks is None)
    figure = new_figure(6.4, 4.2 + 0.2 * entries)
    axes = figure.add_subplot()
    options = {"cmap": drawn.cmap, "norm": drawn.norm}
    cells = _cells(plane, drawn.numbers)
    if cells is not None:
        shade = axes.pcolormesh(plane.x.edges, plane.y.edges, cells, rasterized=True, **options)
    else:
        shade = axes.scatter(plane.xs, plane.ys, c=drawn.numbers, s=14, linewidths=0, **options)
    if drawn.ticks is not None or drawn.words is None:
        bar = figure.colorbar(shade, ax=axes, ticks=drawn.ticks, shrink=0.9)
        if drawn.words is not None:
            bar.ax.set_yticklabels(drawn.words)
        bar.set_label(literal(plane.colour), fontsize=9)
        bar.ax.tick_params(labelsize=8)
        bar.ax.tick_params(which="minor", length=0)
    for k, word in enumerate(drawn.words or () if drawn.ticks is None else ()):
        axes.fill([], [], color=drawn.cmap(k), label=literal(f"{plane.colour}: {word}"))
    for k, boundary in enumerate(lines):
        for j, (xs, ys) in enumerate(boundary.lines):
            label = boundary.label if j == 0 else None
            axes.plot(xs, ys, color="white", linewidth=3.4, solid_capstyle="butt", zorder=3)
            axes.plot(xs, ys, color=INK, linewidth=1.5, linestyle=STYLES[k % len(STYLES)], label=label, zorder=4)
    for direction, axis in ((plane.x, axes.xaxis), (plane.y, axes.yaxis)):
        _ticks(direction, axis)
    for limits, direction in ((axes.set_xlim, plane.x), (axes.set_ylim, plane.y)):
        limits(direction.edges[0], direction.edges[-1])
    axes.set_xlabel(SYMBOLS.get(plane.x.key, literal(plane.x.key)))
    axes.set_ylabel(SYMBOLS.get(plane.y.key, literal(plane.y.key)))
    tidy(axes, literal(", ".join(f"{key} = {shown(value)}" for key, value in plane.held.items())))
    if entries:
        figure.legend(loc="outside lower center", frameon=False, fontsize=8)
    return figure


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
