"""Cosine between the heads of two tasks against n^{11}, mean and spread over seeds, with the closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ufm.support.strict_json import finite_or_none
from ufm_networks.experiments import Experiment, FinishedRun
from ufm_networks.report import RunComparison
from ufm_networks.report.correlation import CosinePoint
from ufm_networks.report.correlation_figure import draw_law
from ufm_networks.reproduction.summary import groups, mean, spread
from verify.plot.layout import legend_below, tidy
from verify.plot.style import COLOURS, COLUMN, GREY, PAGE, in_style, literal, new_figure
from verify.report.figure_files import FigureFile, figure_file


def measure_cosines(
    experiment: Experiment, finished: Sequence[FinishedRun], compared: Mapping[str, RunComparison]
) -> list[dict[str, Any]]:
    """One row per panel and run: measured cosines by seed, and the closed form at the λ's of each.

    The λ's are those of feature_decay, or else λ_W = N wd / 2 and the λ_H in effect. None stands for a closed form that
    there is not, where the λ's make the heads zero, and for what is measured of zero heads. Raises ValueError for runs
    that have not two tasks of equally many classes.
    """
    rows = []
    for panel, run, group in groups(experiment, finished):
        points = [_point(of.plan.run, compared[of.plan.label]) for of in group]
        measured, closed = [p.measured for p in points], [p.closed_form for p in points]
        rows.append(
            {
                "panel": panel,
                "run": run,
                "classes": points[0].classes,
                "samples": points[0].samples,
                "n_same": points[0].n_same,
                "lambda_product": [finite_or_none(p.lambda_H * p.lambda_W) for p in points],
                "measured": [finite_or_none(value) for value in measured],
                "closed_form": [finite_or_none(value) for value in closed],
                "mean": mean(measured),
                "spread": spread(measured),
                "largest_difference": finite_or_none(float(np.max(np.abs(np.subtract(measured, closed))))),
            }
        )
    return rows


def cosines_file(experiment: Experiment, rows: Sequence[dict[str, Any]]) -> FigureFile:
    """Captioned."""
    caption = cosines_caption(experiment.figure.title, len(experiment.figure.seeds))
    return figure_file("figure", cosines_figure(rows), caption, caption)


def cosines_caption(title: str, seeds: int) -> str:
    """The caption: what is drawn, and over how many seeds."""
    return f"{title}: mean over k{f', mean and standard deviation over {seeds} seeds' * (seeds > 1)}."


def cosines_figure(rows: Sequence[dict[str, Any]]) -> Any:
    """One panel each; points are networks, bars their standard deviation over seeds, lines the closed form.

    The closed form is at the mean λ_H λ_W of a panel's runs, and a band spans what it is for the least and the most.
    """
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    drawn = new_figure(COLUMN if len(panels) == 1 else PAGE, 2.9)
    with in_style():
        grid = drawn.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axes, panel in zip(grid, panels, strict=True):
            _draw(axes, [row for row in rows if row["panel"] == panel])
            title = f"K = {rows[0]['classes']}, N = {rows[0]['samples']:,}"
            tidy(axes, f"{literal(panel)}: {title}" if panel else title)
            legend_below(axes)
        grid[0].set_ylabel(r"$\cos(w_k^1,\, w_k^2)$")
    return drawn


def _draw(axes: Any, own: Sequence[dict[str, Any]]) -> None:
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
    products = [product for row in own for product in row["lambda_product"] if product is not None]
    if products:
        draw_law(axes, own[0]["classes"], own[0]["samples"], products, "closed form")
    axes.errorbar(
        [row["n_same"] for row in own],
        [np.nan if row["mean"] is None else row["mean"] for row in own],
        yerr=[row["spread"] or 0.0 for row in own],
        fmt="o",
        color=COLOURS[1],
        markersize=5,
        capsize=3,
        label="network",
    )
    axes.set_xlabel("$n^{11}$")


def _point(run: str, compared: RunComparison) -> CosinePoint:
    if compared.cosine is None or not np.isfinite(compared.cosine.n_same + compared.cosine.n_different):
        raise ValueError(
            f"run {run!r}: kind='cosine' needs two tasks of equally many classes with counts "
            "{same = n, different = m}"
        )
    return compared.cosine
