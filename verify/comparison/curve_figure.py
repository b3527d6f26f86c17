"""The figure of a cosine curve, and what its caption says."""

from __future__ import annotations

from verify.comparison.cosine_curve import CosineCurve
from verify.plot._cosine_curve import cosine_curve, line_source
from verify.report import numbers
from verify.report.figure_files import FigureFile, figure_file


def curve_file(curve: CosineCurve, name: str = "curve") -> FigureFile:
    """The curve, captioned."""
    caption = curve_caption(curve)
    return figure_file(name, cosine_curve(curve).get_figure(), caption, caption)


def curve_caption(curve: CosineCurve) -> str:
    """The caption of a curve, with the numbers behind the verdict."""
    return (
        f"cos(w_1^1, w_1^2) against n^{{11}} for two tasks of {curve.classes} classes, N = {curve.samples:,}, "
        f"λ_H = {curve.lambda_H:g}, λ_W = {curve.lambda_W:g}. Line: {line_source(curve)}. "
        f"Points: {len(curve.solved_n_same)} certified solutions. "
        f"Largest deviation of a point from the line {numbers.small(curve.deviation)} "
        f"(tolerance {numbers.small(curve.tolerance)}), "
        f"largest relative gap {numbers.small(float(curve.relative_gap.max()))}."
    )
