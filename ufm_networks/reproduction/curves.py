"""Metrics over epochs: a row of panels for each data set, a column for each metric, a line for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm_networks.experiments import Experiment, FinishedRun
from ufm_networks.reproduction.summary import groups
from verify.plot.metric_names import shown
from verify.plot.style import COLOURS, FAINT, literal, new_figure, tidy, whole_epochs
from verify.report.figure_files import FigureFile, figure_file

Float = NDArray[np.float64]
DECADES = 0.05


def curves_file(experiment: Experiment, finished: Sequence[FinishedRun]) -> FigureFile:
    """Lines are means over seeds, bands reach from the smallest to the largest seed."""
    figure = experiment.figure
    rows, columns = len(experiment.panels), len(figure.metrics)
    drawn = new_figure(2.7 * columns + 0.6, 2.2 * rows + 0.8)
    grid = drawn.subplots(rows, columns, squeeze=False, sharex="row")
    for panel, run, group in groups(experiment, finished):
        row, colour = experiment.panels.index(panel), COLOURS[experiment.runs.index(run) % len(COLOURS)]
        for axes, metric in zip(grid[row], figure.metrics, strict=True):
            epochs, values = curve(group, metric)
            alone = "." if len(epochs) == 1 else None  # a line through one point is not seen
            axes.plot(epochs, values.mean(axis=0), color=colour, linewidth=1.4, label=literal(run), marker=alone)
            if len(group) > 1:
                axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
            tidy(axes, f"{literal(panel)}\n{shown(metric)}" if panel else shown(metric))
    for axes in grid.flat:
        _scale(axes)
        whole_epochs(axes)
    for axes in grid[-1]:
        axes.set_xlabel("epoch", fontsize=9)
    grid[0, -1].legend(frameon=False, fontsize=7)
    over = f"; lines are means over {len(figure.seeds)} seeds, bands reach from the least to the largest" * (
        len(figure.seeds) > 1
    )
    caption = f"{figure.title}: {', '.join(map(shown, figure.metrics))} over epochs{over}."
    return figure_file("figure", drawn, caption, caption)


def curve(group: Sequence[FinishedRun], metric: str) -> tuple[Float, Float]:
    """Epochs (m,) at which the metric was measured for every seed, and its values (seeds, m).

    Finished runs are not repeated, so that another file may have measured one of them less often.
    """
    measured = [{row["epoch"]: row[metric] for row in of.run.history if metric in row} for of in group]
    epochs = sorted(set.intersection(*map(set, measured)))
    return np.array(epochs), np.array([[of[epoch] for epoch in epochs] for of in measured])


def _scale(axes: Any) -> None:
    """Decades where values fall through them, from 0 otherwise."""
    values = np.concatenate([line.get_ydata() for line in axes.lines])
    values = values[np.isfinite(values)]
    if not len(values):
        style = {"ha": "center", "va": "center", "fontsize": 8, "color": FAINT}
        axes.text(0.5, 0.5, "not defined", transform=axes.transAxes, **style)
    if len(values) and 0 < values.min() < DECADES * values.max():
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0.0)
