"""How far float64 can have moved the residual V, and with it the curvature: bounds, entry by entry.

Of the logits u = W h + b (Higham 2002, Section 3.1, in any order of summation) and of p = softmax(u) from exponents
u_k − u_max, whose own rounding is |u_k − u_max| ε,

    |δu| ≤ (d + 2) ε (|W| |h| + |b|)
    |δp_k| ≤ p_k (f_k + Σ_j p_j f_j + (K + 8) ε),   f_k = exp(|δu_k| + |δu_max| + ε |u_k − u_max|) − 1.

The residual s p − y keeps the digits of its small entries where y is 0; where it is not, as under label smoothing, the
difference is rounded by ε y, and V by ε c a y. In units in which the penalty's curvature is 1, V counts as G = V scaled
by 1/(2 √(λ_H λ_W c w)): small λ's magnify its rounding by 1/τ, beyond the digits of the curvature itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.reading.form import Float, Form
from verify.reading.point import Point

EPS = float(np.finfo(np.float64).eps)  # twice the unit roundoff: what is left of it covers products of errors
TINY = float(np.finfo(np.float64).tiny)  # what underflow can take of a number


@dataclass(frozen=True)
class Rounding:
    """Bounds on the error of p and of V = c a (s p − y), each (R, n)."""

    p: Float
    V: Float


def residual_rounding(form: Form, point: Point, logits: Float, p: Float, V: Float, weight: Float) -> Rounding:
    """Of p and V as computed from the logits (R, n) of a point; weight (R, n) is c a of every column."""
    sizes = np.abs(point.W) @ np.abs(point.H) + np.abs(point.b)[:, None]
    of_logits = (point.W.shape[1] + 2) * EPS * sizes
    targets = form.targets[:, point.index]
    of_p, of_V = np.empty_like(p), np.empty_like(p)
    for rows in form.blocks:
        u, prob, y = logits[rows], p[rows], targets[rows]
        K, columns = len(u), np.arange(u.shape[1])
        top = np.argmax(u, axis=0)
        below = u[top, columns] - u
        exponents = of_logits[rows] + of_logits[rows][top, columns] + EPS * below
        f = np.expm1(np.minimum(exponents, 1.0))
        relative = f + np.sum(prob * f, axis=0) + (K + 8) * EPS
        relative = relative / np.maximum(1.0 - relative.max(axis=0), 0.5)
        # no probability is off by more than 1, however wrong the logits
        of_p[rows] = np.where(relative > 0.5, 1.0, prob * relative + TINY)
        s = y.sum(axis=0)
        own = s * of_p[rows] + (K + 6) * EPS * (s * prob + y)
        own[top, columns] = 0.0
        size = np.abs(V[rows])
        size[top, columns] = 0.0
        of_V[rows] = weight[rows] * own + 4.0 * EPS * np.abs(V[rows])
        of_V[rows][top, columns] += (weight[rows] * own.sum(axis=0) + K * EPS * size.sum(axis=0))[top, columns]
    return Rounding(of_p, of_V)
