"""Measured cosines of several runs on the closed form's curve: Figures 3(c), 60 to 62."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ufm_networks.report.correlation import CosinePoint, closed_form
from verify.plot.layout import legend_below, tidy
from verify.plot.style import COLOURS, COLUMN, FAINT, GREY, in_style, new_figure
from verify.report.figure_files import FigureFile, figure_file

LINE_POINTS = 300
EQUAL = 1e-9  # of two λ_H λ_W


def families(points: Sequence[CosinePoint]) -> list[list[CosinePoint]]:
    """Points with the same K and N, each family sorted by n^{11}; of other counts than n^{kk} = n, n^{kl} = m none."""
    placed = [p for p in points if np.isfinite(p.n_same) and np.isfinite(p.n_different)]
    keys = dict.fromkeys((point.classes, point.samples) for point in placed)
    return [
        sorted((p for p in placed if (p.classes, p.samples) == key), key=lambda p: p.n_same) for key in sorted(keys)
    ]


def correlation_file(points: Sequence[CosinePoint], name: str) -> FigureFile:
    """Of one family."""
    K, N = points[0].classes, points[0].samples
    law = "Theorem 5.1" if K == 2 else f"the law of K = {K} classes, beyond the paper"
    ranges = "; bars from the smallest to the largest of the K" if any(p.lowest != p.highest for p in points) else ""
    caption = f"cos(w_k^1, w_k^2), mean over k, against n^{{11}}, K = {K}, N = {N:,}. Filled: networks{ranges}."
    if any(np.isfinite(p.optimum) for p in points):
        caption += " Open: the model's certified optimum at the counts and λ's of each run."
    products = sorted({p.lambda_H * p.lambda_W for p in points if np.isfinite(p.closed_form)})
    if products:
        caption += f" Line: {law}, at λ_H λ_W = {np.exp(np.mean(np.log(products))):.3g}"
        caption += f", band from {products[0]:.3g} to {products[-1]:.3g} over the runs." if len(products) > 1 else "."
    return figure_file(name, _figure(points, products), caption, caption)


def _figure(points: Sequence[CosinePoint], products: list[float]) -> Any:
    K, N = points[0].classes, points[0].samples
    figure = new_figure(COLUMN, 3.1)
    with in_style():
        axes = figure.add_subplot()
        axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
        axes.axvline(N / K**2, color=FAINT, linewidth=0.8, linestyle=":", zorder=0, label=r"$n^{11} = n^{12}$")
        if products:
            draw_law(axes, K, N, products, "Theorem 5.1, eq. 31" if K == 2 else f"law of K = {K} classes")
        _draw_runs(axes, points)
        axes.set_xlabel(r"$n^{11}$")
        axes.set_ylabel(r"$\cos(w_k^1,\, w_k^2)$")
        tidy(axes, f"K = {K}, N = {N:,}")
        legend_below(axes)
    return figure


def _draw_runs(axes: Any, points: Sequence[CosinePoint]) -> None:
    x = np.array([p.n_same for p in points])
    optimum = np.array([p.optimum for p in points])
    if np.isfinite(optimum).any():
        style: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": COLOURS[1], "markeredgewidth": 1.2}
        axes.plot(x, optimum, "o", markersize=7, label="certified optimum", **style)
    for decayed, shape, colour, how in (
        (True, "s", COLOURS[2], "feature decay"),
        (False, "D", COLOURS[3], "weight decay"),
    ):
        chosen = [p for p in points if p.feature_decay == decayed]
        if chosen:
            spread = np.array([[p.measured - p.lowest, p.highest - p.measured] for p in chosen]).T.clip(min=0.0)
            where = [p.n_same for p in chosen], [p.measured for p in chosen]
            look = {"fmt": shape, "color": colour, "markersize": 4, "capsize": 2, "linewidth": 1.0}
            axes.errorbar(*where, yerr=spread, label=f"network, {how}", **look)


def draw_law(axes: Any, K: int, N: int, products: Sequence[float], label: str) -> None:
    """The closed form at the geometric mean of λ_H λ_W; where these differ a band spans them.

    n^{12} follows from N = K n^{11} + K (K − 1) n^{12}.
    """
    per_class = N / K
    n_same = np.linspace(per_class / 200, per_class * 199 / 200, LINE_POINTS)
    least, most = min(products), max(products)
    middle, *ends = (
        closed_form(K, n_same, (per_class - n_same) / (K - 1), product, 1.0)
        for product in (float(np.exp(np.mean(np.log(products)))), least, most)
    )
    label += f", $\\lambda_H \\lambda_W$ = {least:.3g}"
    if most > least * (1 + EQUAL):
        label += f" to {most:.3g}"
        axes.fill_between(n_same, *ends, color=COLOURS[0], alpha=0.15, linewidth=0)
    axes.plot(n_same, middle, color=COLOURS[0], linewidth=1.4, label=label)
