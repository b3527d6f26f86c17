"""Collapse over epochs, a panel per metric and a line per run, on a logarithmic axis: Figures 6 to 11."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ufm_networks.measuring import Measurement
from verify._metrics.tables import METRIC
from verify.plot.layout import grid, panel_grid, tidy, whole_numbers
from verify.plot.metric_names import shown
from verify.plot.style import COLOURS, FAINT, few_markers, in_style, literal, series
from verify.reading.form import Float
from verify.report.figure_files import FigureFile, figure_file

ALSO = ("NN_decoding_error",)
LEGEND_RUNS = 16
ZEROS_APART = 0.04  # of an axis: zeros of several runs do not hide each other
WITHIN_ONE = 0.7  # decades, so few that 1, 2 and 5 times a power of ten could leave an axis with one number


def metric_names(runs: Sequence[Measurement]) -> list[str]:
    """The loss, then every metric that an epoch of any run has."""
    named = dict.fromkeys(name for run in runs for row in run.history for name in row)
    return ["loss", *(name for name in named if METRIC.match(name) or name in ALSO)]


def training_figure(runs: Sequence[Measurement], names: Sequence[str]) -> Any:
    """A value of zero stands at the bottom as a triangle, a row for each run: it has no place on a logarithmic axis."""
    panels = metric_names(runs)
    figure, every = panel_grid(len(panels))
    with in_style():
        for axes, panel in zip(every, panels, strict=True):
            for number, run in enumerate(runs):
                _draw(axes, run, panel, number)
            axes.set_yscale("log")
            _plain_ticks(axes)
            grid(axes)
            axes.set_xlabel("epoch")
            whole_numbers(axes)
            tidy(axes, shown(panel))
        if 1 < len(runs) <= LEGEND_RUNS:
            handles = [axes_line(number) for number in range(len(runs))]
            called = [literal(name) for name in names]
            figure.legend(handles, called, loc="outside lower center", ncols=min(4, len(runs)))
    return figure


def training_file(runs: Sequence[Measurement], names: Sequence[str], name: str) -> FigureFile:
    """Captioned."""
    what = f"of {len(runs)} runs" if len(runs) > 1 else f"of the run {names[0]}"
    caption = (
        f"Training loss and collapse metrics {what} over epochs, on the training data. A triangle at the bottom is a "
        "value of zero."
    )
    return figure_file(name, training_figure(runs, names), caption, caption)


def axes_line(number: int) -> Any:
    """The line style of a run, for the legend."""
    from matplotlib.lines import Line2D  # an extra

    return Line2D([], [], markersize=3, **series(number))


def _plain_ticks(axes: Any) -> None:
    """0.02 rather than 2 × 10⁻²; between decades only where there are few, at even steps within one."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator  # an extra

    low, high = axes.get_ylim()
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    decades = np.log10(high / low)
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_formatter(NullFormatter())
    if decades <= WITHIN_ONE:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.yaxis.set_minor_locator(NullLocator())
    elif decades < 2:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))


def _draw(axes: Any, run: Measurement, name: str, number: int) -> None:
    look = series(number)
    colour = look["color"]
    seen = [(row["epoch"], row[name]) for row in run.history if name in row]
    if not seen:
        return
    epochs, values = np.array(seen, dtype=np.float64).T
    positive: Float = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    zero = values <= 0
    drawn = np.pad(np.isfinite(positive), 1)
    alone = drawn[1:-1] & ~drawn[:-2] & ~drawn[2:]  # a line does not show a point between two zeros
    axes.plot(epochs, positive, markersize=3, markevery=few_markers(len(epochs), number), **look)
    axes.plot(epochs[alone], positive[alone], ".", color=colour)
    if zero.any():
        bottom, height = axes.get_xaxis_transform(), 0.03 + ZEROS_APART * (number % len(COLOURS))
        axes.plot(epochs[zero], np.full(zero.sum(), height), "v", color=colour, markersize=3, transform=bottom)
    if np.isnan(positive).all():
        axes.set_ylim(1e-3, 1.0)
        word = "zero throughout" if zero.all() else "not defined"
        axes.text(0.5, 0.5, word, transform=axes.transAxes, ha="center", va="center", color=FAINT)
