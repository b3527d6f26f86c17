"""Cosine between the heads of two tasks against n^{11}, mean and spread over seeds, with the closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ufm.support.strict_json import finite_or_none
from ufm_networks.experiments import Experiment, FinishedRun
from ufm_networks.report import RunComparison
from ufm_networks.report.correlation import CosinePoint, closed_form
from ufm_networks.reproduction.summary import groups, mean, spread
from verify.plot.style import COLOURS, GREY, literal, new_figure, tidy
from verify.report.figure_files import FigureFile, figure_file

LINE_POINTS = 200
EQUAL = 1e-9  # of two λ_H λ_W


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
    """One panel each; points are networks, bars their standard deviation over seeds, lines the closed form.

    The closed form is at the mean λ_H λ_W of a panel's runs, and a band spans what it is for the least and the most.
    """
    panels = experiment.panels
    drawn = new_figure(4.4 * len(panels) + 0.4, 3.6)
    grid = drawn.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, panel in zip(grid, panels, strict=True):
        own = [row for row in rows if row["panel"] == panel]
        K, N = own[0]["classes"], own[0]["samples"]
        axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
        products = [product for row in own for product in row["lambda_product"] if product is not None]
        if products:
            _line(axes, K, N, products)
        bars = [row["spread"] or 0.0 for row in own]
        axes.errorbar(
            [row["n_same"] for row in own],
            [np.nan if row["mean"] is None else row["mean"] for row in own],
            yerr=bars,
            fmt="o",
            color=COLOURS[1],
            markersize=5,
            capsize=3,
            label="network",
        )
        axes.set_xlabel("$n^{11}$")
        tidy(axes, f"{literal(panel)}  K = {K}, N = {N:,}".strip())
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    grid[0].set_ylabel(r"$\cos(w_k^1,\, w_k^2)$")
    seeds = len(experiment.figure.seeds)
    over = f", mean and standard deviation over {seeds} seeds" if seeds > 1 else ""
    caption = f"{experiment.figure.title}: mean over k{over}."
    return figure_file("figure", drawn, caption, caption)


def _line(axes: Any, K: int, N: int, products: Sequence[float]) -> None:
    """At the geometric mean of the runs' λ_H λ_W; where these differ, in effect, a band spans them."""
    n_same = np.linspace(0.005, 0.995, LINE_POINTS) * N / K
    least, most = min(products), max(products)
    middle, *ends = (
        closed_form(K, n_same, (N / K - n_same) / (K - 1), product, 1.0)
        for product in (float(np.exp(np.mean(np.log(products)))), least, most)
    )
    label = f"closed form, λ_H λ_W = {least:.3g}"
    if most > least * (1 + EQUAL):
        label += f" to {most:.3g}"
        axes.fill_between(n_same, *ends, color=COLOURS[0], alpha=0.15, linewidth=0)
    axes.plot(n_same, middle, color=COLOURS[0], linewidth=1.4, label=label)


def _point(run: str, compared: RunComparison) -> CosinePoint:
    if compared.cosine is None or not np.isfinite(compared.cosine.n_same + compared.cosine.n_different):
        raise ValueError(
            f"run {run!r}: kind='cosine' needs two tasks of equally many classes with counts "
            "{same = n, different = m}"
        )
    return compared.cosine
