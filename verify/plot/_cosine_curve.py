"""``verify.plot.cosine_curve``: Figures 3(c) and 60 to 62, the closed form as a line, certified solutions as points."""

from __future__ import annotations

from typing import Any, Protocol

from ufm.losses import DEFAULT
from verify.plot.layout import legend_below, tidy
from verify.plot.style import COLOURS, FAINT, GREY, in_style, new_axes
from verify.reading.form import Float


class Curve(Protocol):
    """The drawn part of a ``verify.CosineCurve``."""

    @property
    def classes(self) -> int:
        """K."""

    @property
    def samples(self) -> int:
        """N."""

    @property
    def loss(self) -> str:
        """Of both tasks."""

    @property
    def lambda_H(self) -> float:
        """λ_H."""

    @property
    def lambda_W(self) -> float:
        """λ_W."""

    @property
    def n_same(self) -> Float:
        """(m,) n^{11} along the line."""

    @property
    def cosine(self) -> Float:
        """(m,) the closed form there."""

    @property
    def solved_n_same(self) -> Any:
        """(p,) n^{11} of the points."""

    @property
    def solved_cosine(self) -> Float:
        """(p,) of the points."""


def cosine_curve(curve: Curve, *, ax: Any = None) -> Any:
    """Draws cos(w_1^1, w_1^2) against n^{11} of a ``verify.CosineCurve``; returns the Axes.

    The line is the closed form, the points certified minima, neither changed; the vertical line is where all counts are
    equal, n^{11} = n^{12}, and the tasks uncorrelated. The legend stands below the axes. Raises TypeError if ax is no
    Axes.
    """
    axes = new_axes(ax, height=2.9)
    with in_style():
        axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
        equal = curve.samples / curve.classes**2
        axes.axvline(equal, color=FAINT, linewidth=0.8, linestyle=":", zorder=0, label=r"$n^{11} = n^{12}$")
        axes.plot(curve.n_same, curve.cosine, color=COLOURS[0], linewidth=1.4, label=line_source(curve))
        hollow = {"markerfacecolor": "white", "markeredgecolor": COLOURS[1], "markeredgewidth": 1.2, "markersize": 5}
        points = curve.solved_n_same, curve.solved_cosine
        axes.plot(*points, linestyle="none", marker="o", label="certified global minimum", **hollow)
        axes.set_xlabel(r"$n^{11}$")
        axes.set_ylabel(r"$\cos(w_1^1,\, w_1^2)$")
        penalties = f"$\\lambda_H$ = {curve.lambda_H:g}, $\\lambda_W$ = {curve.lambda_W:g}"
        tidy(axes, f"K = {curve.classes}, N = {curve.samples:,}, {penalties}")
        legend_below(axes)
    return axes


def line_source(curve: Curve) -> str:
    """The source of the line: the paper covers two classes and cross-entropy; the rest is beyond it."""
    if curve.classes == 2 and curve.loss == DEFAULT:
        return "Theorem 5.1, eq. 31"
    loss = "" if curve.loss == DEFAULT else f" under {curve.loss}"
    return f"law of K = {curve.classes} classes{loss}, beyond the paper"
