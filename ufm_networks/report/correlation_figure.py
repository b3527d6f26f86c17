"""Measured cosines of several runs on the closed form's curve: Figures 3(c), 60 to 62."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ufm_networks.report.correlation import CosinePoint, closed_form
from verify.plot.style import COLOURS, FAINT, GREY, new_figure, tidy
from verify.report.figure_files import FigureFile, figure_file

LINE_POINTS = 300


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
    figure = new_figure(6.2, 4.0)
    axes = figure.add_subplot()
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
    axes.axvline(N / K**2, color=FAINT, linewidth=0.8, linestyle=":", zorder=0, label=r"$n^{11} = n^{12}$")
    if products:
        _line(axes, K, N, products)
    x = np.array([p.n_same for p in points])
    optimum = np.array([p.optimum for p in points])
    if np.isfinite(optimum).any():
        style: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": COLOURS[1], "markeredgewidth": 1.4}
        axes.plot(x, optimum, "o", markersize=8, label="certified optimum of the model", **style)
    for decayed, shape, colour, how in (
        (True, "s", COLOURS[2], "feature decay"),
        (False, "D", COLOURS[3], "weight decay"),
    ):
        chosen = [p for p in points if p.feature_decay == decayed]
        if chosen:
            spread = np.array([[p.measured - p.lowest, p.highest - p.measured] for p in chosen]).T.clip(min=0.0)
            where = [p.n_same for p in chosen], [p.measured for p in chosen]
            label = f"network, {how}"
            axes.errorbar(
                *where, yerr=spread, fmt=shape, color=colour, markersize=5, capsize=2, linewidth=1.0, label=label
            )
    axes.set_xlabel(r"$n^{11}$")
    axes.set_ylabel(r"$\cos(w_k^1,\, w_k^2)$")
    tidy(axes, f"K = {K},  N = {N:,}")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    return figure


def _line(axes: Any, K: int, N: int, products: list[float]) -> None:
    """n^{12} follows from N = K n^{11} + K (K − 1) n^{12}."""
    per_class = N / K
    n_same = np.linspace(per_class / 200, per_class * 199 / 200, LINE_POINTS)
    n_different = (per_class - n_same) / (K - 1)
    middle = float(np.exp(np.mean(np.log(products))))
    label = "Theorem 5.1, eq. 31" if K == 2 else f"law of K = {K} classes"
    axes.plot(n_same, closed_form(K, n_same, n_different, middle, 1.0), color=COLOURS[0], linewidth=1.6, label=label)
    if len(products) > 1:
        ends = [closed_form(K, n_same, n_different, product, 1.0) for product in (products[0], products[-1])]
        axes.fill_between(n_same, *ends, color=COLOURS[0], alpha=0.15, linewidth=0)
