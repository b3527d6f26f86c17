"""The numbers of a cosine curve, for reading values off its figure."""

from __future__ import annotations

from verify.comparison.cosine_curve import CosineCurve
from verify.plot._cosine_curve import line_source
from verify.report.plane import Plane, Series


def curve_plane(curve: CosineCurve) -> Plane:
    """The line and the points."""
    line = Series(line_source(curve), curve.n_same.tolist(), curve.cosine.tolist(), line=True)
    points = Series("certified global minimum", curve.solved_n_same.tolist(), curve.solved_cosine.tolist())
    return Plane("n^{11}", "cos(w_1^1, w_1^2)", (line, points))
