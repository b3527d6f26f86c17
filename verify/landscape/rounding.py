"""How far float64 can have moved the residual V, and with it the curvature: bounds, entry by entry.

Of the logits u = W h + b (Higham 2002, Section 3.1, in any order of summation)

    |δu| ≤ (d + 2) ε (|W| |h| + |b|),

and what that makes of p and of the residual is known to each loss (``Loss.spread_of_errors``). In units in which the
penalty's curvature is 1, V counts as G = V scaled by 1/(2 √(λ_H λ_W c w)): small λ's magnify its rounding by 1/τ,
beyond the digits of the curvature itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.losses.rounding import EPS
from verify.reading.form import Float, Form
from verify.reading.point import Point


@dataclass(frozen=True)
class Rounding:
    """Bounds on the error of p and of V = c a ∂ℓ, each (R, n)."""

    p: Float
    V: Float


def residual_rounding(form: Form, point: Point, logits: Float, p: Float, V: Float, weight: Float) -> Rounding:
    """Of p and V as computed from the logits (R, n) of a point; weight (R, n) is c a of every column."""
    sizes = np.abs(point.W) @ np.abs(point.H) + np.abs(point.b)[:, None]
    of_logits = (point.W.shape[1] + 2) * EPS * sizes
    targets = form.targets[:, point.index]
    residual = np.divide(V, weight, where=weight > 0.0, out=np.zeros_like(V))
    of_p, of_V = np.empty_like(p), np.empty_like(p)
    for loss, rows in zip(form.loss_of, form.blocks, strict=True):
        given = (logits[rows], targets[rows], p[rows], residual[rows], of_logits[rows], form.roundings)
        of_p[rows], of_V[rows] = loss.spread_of_errors(*given)
    if form.row_labelled is not None:
        of_V *= form.row_labelled[:, point.index]  # no label, no residual, whatever the logits
    return Rounding(of_p, weight * of_V + 4.0 * EPS * np.abs(V))
