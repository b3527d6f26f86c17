"""Metrics over epochs: panels for each data set, one a metric, a line for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm_networks.experiments import Experiment, FinishedRun
from ufm_networks.reproduction.summary import groups
from verify.plot.layout import grid, legend_of_figure, panel_grid, tidy, whole_epochs
from verify.plot.metric_names import shown
from verify.plot.style import FAINT, few_markers, in_style, literal, series
from verify.report.figure_files import FigureFile, figure_file

Float = NDArray[np.float64]
DECADES = 0.05


@dataclass(frozen=True)
class Curve:
    """One metric of one run: epochs (m,) at which it was measured for every seed, and its values (seeds, m)."""

    panel: str
    run: str
    metric: str
    epochs: Float
    values: Float


def curves_file(experiment: Experiment, finished: Sequence[FinishedRun]) -> FigureFile:
    """Lines are means over seeds, bands reach from the smallest to the largest seed."""
    figure = experiment.figure
    curves = [
        Curve(panel, run, metric, *curve(group, metric))
        for panel, run, group in groups(experiment, finished)
        for metric in figure.metrics
    ]
    caption = curves_caption(figure.title, figure.metrics, len(figure.seeds))
    return figure_file("figure", curves_figure(curves), caption, caption)


def curves_caption(title: str, metrics: Sequence[str], seeds: int) -> str:
    """What is drawn of how many seeds."""
    over = f"; lines are means over {seeds} seeds, bands span the smallest to the largest" * (seeds > 1)
    return f"{title}: {', '.join(map(shown, metrics))} over epochs{over}."


def curves_figure(curves: Sequence[Curve]) -> Any:
    """Of a page's width; a run has the same line in all panels, which the legend below names."""
    metrics, panels, runs = (
        list(dict.fromkeys(getattr(of, name) for of in curves)) for name in ("metric", "panel", "run")
    )
    drawn, every = panel_grid(len(metrics), panels)
    with in_style():
        for of in curves:
            axes = every[panels.index(of.panel) * len(metrics) + metrics.index(of.metric)]
            number = runs.index(of.run)
            look = series(number)
            line = {"label": literal(of.run), "markersize": 3, "markevery": few_markers(len(of.epochs), number)}
            axes.plot(of.epochs, of.values.mean(axis=0), **look, **line)
            if len(of.values) > 1:
                ends = of.values.min(axis=0), of.values.max(axis=0)
                axes.fill_between(of.epochs, *ends, color=look["color"], alpha=0.15, linewidth=0)
        for number, axes in enumerate(every):
            _scale(axes)
            whole_epochs(axes)
            tidy(axes, shown(metrics[number % len(metrics)]))
            axes.set_xlabel("epoch")
            grid(axes)
        if len(runs) > 1:
            legend_of_figure(drawn, every[0])
    return drawn


def curve(group: Sequence[FinishedRun], metric: str) -> tuple[Float, Float]:
    """Epochs (m,) at which the metric was measured for every seed, and its values (seeds, m).

    Finished runs are not repeated, so that another file may have measured one of them less often.
    """
    return common([{row["epoch"]: row[metric] for row in of.run.history if metric in row} for of in group])


def common(measured: Sequence[Mapping[Any, float]]) -> tuple[Float, Float]:
    """Of a seed's values by epoch, one for each: the epochs that all have, and the values there."""
    epochs = sorted(set.intersection(*map(set, measured)))
    values = [[of[epoch] for epoch in epochs] for of in measured]
    return np.array(epochs, dtype=np.float64), np.array(values, dtype=np.float64)


def _scale(axes: Any) -> None:
    """Decades where values fall through them, from 0 otherwise."""
    values = np.concatenate([line.get_ydata() for line in axes.lines])
    values = values[np.isfinite(values)]
    if not len(values):
        axes.text(0.5, 0.5, "not defined", transform=axes.transAxes, ha="center", va="center", color=FAINT)
    if len(values) and 0 < values.min() < DECADES * values.max():
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0.0)
