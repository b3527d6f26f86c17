"""The cosine between correlated tasks, Figures 60 to 62 of the paper: closed form and certified minima."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verify.comparison.cosine_curve import FIGURES, CosineCurve, cosine_curve
from verify.comparison.curve_figure import curve_file
from verify.comparison.curve_plane import curve_plane
from verify.report.blocks import Paragraph, Picture, Section

DRAWN = ("60", "61", "62")


def draw_all(points: int, started: Callable[[str], None]) -> dict[str, CosineCurve]:
    """Figure of the paper → its curve."""
    curves = {}
    for number in DRAWN:
        started(f"Figure {number}")
        classes, samples = FIGURES[number]
        curves[number] = cosine_curve(classes, samples, points)
    return curves


def curve_section(curves: dict[str, CosineCurve]) -> Section:
    """A picture a figure."""
    worst = max(curve.deviation for curve in curves.values())
    gap = max(float(curve.relative_gap.max()) for curve in curves.values())
    solved = sum(len(curve.solved_n_same) for curve in curves.values())
    rising = {number: bool(np.all(np.diff(curve.solved_cosine) > 0)) for number, curve in curves.items()}
    lead = (
        f"{solved} certified minima (largest relative gap {gap:.1e}) lie within {worst:.1e} of the closed forms. "
        "Increasing in the number of samples whose labels agree: "
        + ", ".join(f"Figure {number} {'yes' if rises else 'no'}" for number, rises in rising.items())
        + "."
    )
    pictures = (Picture(curve_file(curve, f"figure-{number}"), curve_plane(curve)) for number, curve in curves.items())
    return Section("How correlation tilts the heads", (Paragraph(lead), *pictures))
