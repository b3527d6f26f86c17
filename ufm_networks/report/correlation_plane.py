"""The cosines of a family of runs, to be read off their figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ufm_networks.report.correlation import CosinePoint, closed_form
from ufm_networks.report.correlation_figure import LINE_POINTS
from verify.report.plane import Plane, Series


def correlation_plane(points: Sequence[CosinePoint]) -> Plane:
    """The closed form at the middle of the runs' λ_H λ_W, the networks, and the model's optimum at each."""
    K, N = points[0].classes, points[0].samples
    x = [p.n_same for p in points]
    series = [Series("network", x, [p.measured for p in points])]
    if any(np.isfinite(p.optimum) for p in points):
        series.append(Series("certified optimum of the model", x, [p.optimum for p in points]))
    products = [p.lambda_H * p.lambda_W for p in points if np.isfinite(p.closed_form)]
    if products:
        same = np.linspace(N / K / 200, N / K * 199 / 200, LINE_POINTS)
        middle = float(np.exp(np.mean(np.log(sorted(set(products))))))
        law = closed_form(K, same, (N / K - same) / (K - 1), middle, 1.0)
        series.insert(0, Series("closed form", same.tolist(), law.tolist(), line=True))
    return Plane("n^{11}", "cos(w_k^1, w_k^2)", tuple(series))
