"""Figures 3(c) and 60 to 62: the closed form as a line, certified solutions as points."""

from __future__ import annotations

from typing import Any

from ufm.losses import DEFAULT
from verify.comparison.cosine_curve import CosineCurve
from verify.report import numbers
from verify.report.figure_files import COLOURS, FAINT, GREY, FigureFile, figure_file, new_figure, tidy


def curve_figure(curve: CosineCurve) -> Any:
    """cos(w_1^1, w_1^2) against n^{11}; the points of ``curve`` unchanged. Uncorrelated where all counts are equal."""
    figure = new_figure(6.2, 4.0)
    axes = figure.add_subplot()
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
    axes.axvline(
        curve.samples / curve.classes**2,
        color=FAINT,
        linewidth=0.8,
        linestyle=":",
        zorder=0,
        label=r"$n^{11} = n^{12}$",
    )
    axes.plot(curve.n_same, curve.cosine, color=COLOURS[0], linewidth=1.6, label=line_source(curve))
    axes.plot(
        curve.solved_n_same,
        curve.solved_cosine,
        linestyle="none",
        marker="o",
        markersize=6,
        markerfacecolor="white",
        markeredgecolor=COLOURS[1],
        markeredgewidth=1.4,
        label="certified global minimum",
    )
    axes.set_xlabel(r"$n^{11}$")
    axes.set_ylabel(r"$\cos(w_1^1,\, w_1^2)$")
    penalties = f"$\\lambda_H$ = {curve.lambda_H:g},  $\\lambda_W$ = {curve.lambda_W:g}"
    tidy(axes, f"K = {curve.classes},  N = {curve.samples:,},  {penalties}")
    axes.legend(frameon=False, fontsize=8, loc="upper left" if curve.classes == 2 else "lower right")
    return figure


def curve_file(curve: CosineCurve, name: str = "curve") -> FigureFile:
    """The curve, captioned."""
    caption = curve_caption(curve)
    return figure_file(name, curve_figure(curve), caption, caption)


def line_source(curve: CosineCurve) -> str:
    """Where the line comes from: the paper has two classes and cross-entropy, the rest is beyond it."""
    if curve.classes == 2 and curve.loss == DEFAULT:
        return "Theorem 5.1, eq. 31"
    loss = "" if curve.loss == DEFAULT else f" under {curve.loss}"
    return f"law of K = {curve.classes} classes{loss}, beyond the paper"


def curve_caption(curve: CosineCurve) -> str:
    """What the curve shows, with the numbers behind the verdict."""
    return (
        f"cos(w_1^1, w_1^2) against n^{{11}} for two tasks of {curve.classes} classes, N = {curve.samples:,}, "
        f"λ_H = {curve.lambda_H:g}, λ_W = {curve.lambda_W:g}. Line: {line_source(curve)}. "
        f"Points: {len(curve.solved_n_same)} certified solutions. "
        f"Largest deviation of a point from the line {numbers.small(curve.deviation)} "
        f"(tolerance {numbers.small(curve.tolerance)}), "
        f"largest relative gap {numbers.small(float(curve.relative_gap.max()))}."
    )
