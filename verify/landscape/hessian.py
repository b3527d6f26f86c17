"""Gradient and Hessian of F over (W, H, b) at a point, from the equations, in units where the penalty's Hessian is I.

With u_i = W h_i + b for every column i of H (of label l, weights a_i = a_l / m_l and w_i = w_l / m_l where the label
has m_l columns), and V_i = c a_i ∂ℓ(u_i) in each task that l has a label in, else 0, along (dW, dH, db)

    du = dW H + W dH + db 1ᵀ,      dV_i = c a_i ∂²ℓ(u_i) du_i
    ∇²F (dW, dH, db) = ( dV Hᵀ + V dHᵀ + 2 λ_W c dW,   Wᵀ dV + dWᵀ V + 2 λ_H dH diag(w),   Σ_i dV_i + 2 λ_b c db ).

Counts of 10^6 beside 1 and small λ's make that matrix ill scaled, so it is taken as D ∇²F D with the positive diagonal
D = (1/√(2 λ_W c), 1/√(2 λ_H w_i), 1/√(2 λ_b c + Σ_i c a_i diag ∂²ℓ)). By Sylvester's law of inertia D ∇²F D has as
many negative, zero and positive eigenvalues as ∇²F; in W and H the penalty's own Hessian becomes the identity, so that
eigenvalues are multiples of the penalty's curvature. Without a bias (λ_b = None) b is no variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ufm.support.memory import require_memory
from verify.certification.objective import loss_and_residual
from verify.landscape.lowest import DENSE, SUBSPACE
from verify.landscape.rounding import Rounding, residual_rounding
from verify.losses import Loss
from verify.losses.rounding import EPS
from verify.reading.form import Float, Form
from verify.reading.point import Point

ROUNDING = 64 * EPS  # of the sum of absolute terms of a quadratic form, beside the terms' own errors


@dataclass(frozen=True)
class Move:
    """A change of (W, H, b): W (R, d), H (d, n), b (R,), in the problem's own units."""

    W: Float
    H: Float
    b: Float


class Hessian:
    """D ∇²F D at a point of a form, as products with flat vectors x = D⁻¹ (W, H, b).

    bias_unit        (R,) D's part for b in place of the module's, where points are to share one D
    gradient         (size,) D ∇F
    scaled_residual  (R, n) G = V scaled to the units of W and H: its spectral norm is σ/τ where every label has one
                     column
    """

    def __init__(self, form: Form, point: Point, bias_unit: Float | None = None) -> None:
        rows, dim = point.W.shape
        columns = point.H.shape[1]
        biases = 0 if form.lambda_b is None else rows
        self.shapes = ((rows, dim), (dim, columns), (biases,))
        self.size = rows * dim + dim * columns + biases
        vectors = 8 + (SUBSPACE if self.size > DENSE else self.size)
        require_memory(
            8 * (20 * rows * columns + vectors * self.size), "cpu", f"curvature over {self.size:,} variables"
        )
        self.form, self.point = form, point
        c = form.rows_c[:, None]
        a, w = ((weight / point.share)[point.index] for weight in (form.loss_weight, form.feature_weight))
        u = point.W @ point.H + point.b[:, None]
        self.logits, self.share, self.masses = u, c * a, form.masses[:, point.index]
        self.V = c * a * loss_and_residual(form, u, point.index)[1]
        y = form.targets[:, point.index]
        self.p = np.concatenate([loss.curvature(u[rows], y[rows]) for loss, rows in self._blocks()])
        self.penalty = Move(2 * form.lambda_W * c, 2 * form.lambda_H * w, 2 * (form.lambda_b or 0.0) * form.rows_c)
        if bias_unit is None:
            parts = zip(self._blocks(), self.masses, strict=True)
            diagonal = np.concatenate([loss.diagonal(self.p[rows], s) for (loss, rows), s in parts])
            own = self.penalty.b + (self.share * diagonal).sum(axis=1)
            bias_unit = np.maximum(own, np.finfo(np.float64).tiny) ** -0.5
        self.unit = Move(self.penalty.W**-0.5, self.penalty.H**-0.5, bias_unit)
        self.scaled_residual = self.unit.W * self.V * self.unit.H
        self.gradient = self._pull(
            Move(
                self.V @ point.H.T + self.penalty.W * point.W,
                point.W.T @ self.V + point.H * self.penalty.H,
                self.V.sum(axis=1) + self.penalty.b * point.b,
            )
        )

    def product(self, x: Float) -> Float:
        """(size,) D ∇²F D x."""
        move = self.move(x)
        du = self._logits(move)
        parts = zip(self._blocks(), self.masses, strict=True)
        dV = self.share * np.concatenate([loss.curve(self.p[rows], s, du[rows]) for (loss, rows), s in parts])
        return self._pull(
            Move(
                dV @ self.point.H.T + self.V @ move.H.T + self.penalty.W * move.W,
                self.point.W.T @ dV + move.W.T @ self.V + move.H * self.penalty.H,
                dV.sum(axis=1) + self.penalty.b * move.b,
            )
        )

    def quadratic(self, x: Float) -> tuple[float, float]:
        """xᵀ D ∇²F D x and a bound on its rounding, from terms of which one alone can be negative:

        penalty  +  Σ_i c a_i ⟨du, ∂²ℓ du⟩  +  2 ⟨V, dW dH⟩.
        """
        move, of, inner = self.move(x), self.rounding, (len(self.point.H) + 2) * EPS
        du, of_du = self._logits(move), inner * self._sizes(move)
        spread, errors = np.empty_like(du), np.empty_like(du)
        for (loss, rows), s in zip(self._blocks(), self.masses, strict=True):
            spread[rows], errors[rows] = loss.curved(self.p[rows], s, du[rows], of.p[rows], of_du[rows])
        spread, errors = self.share * spread, self.share * errors
        product, sizes = move.W @ move.H, np.abs(move.W) @ np.abs(move.H)
        crossed = 2.0 * self.V * product
        penalty = sum(
            float(np.sum(weight * part**2))
            for weight, part in zip(vars(self.penalty).values(), vars(move).values(), strict=True)
        )
        errors += 2.0 * (of.V * (np.abs(product) + inner * sizes) + np.abs(self.V) * inner * sizes)
        value = penalty + float(spread.sum()) + float(crossed.sum())
        terms = penalty + float(spread.sum()) + float(np.abs(crossed).sum())
        return value, (1.0 + ROUNDING) * float(errors.sum()) + ROUNDING * terms

    @cached_property
    def rounding(self) -> Rounding:
        """Bounds on the errors of p and of V."""
        return residual_rounding(self.form, self.point, self.logits, self.p, self.V, self.share)

    def residual_rounding(self) -> float:
        """What of V's error reaches G, in Frobenius norm: no eigenvalue of D ∇²F D is moved further by it."""
        return float(np.linalg.norm(self.unit.W * self.rounding.V * self.unit.H))

    def gradient_rounding(self) -> float:
        """A bound on the rounding of ‖D ∇F‖."""
        W, H, V = np.abs(self.point.W), np.abs(self.point.H), np.abs(self.V)
        columns, rows = (V.shape[1] + 4) * EPS, (V.shape[0] + 4) * EPS
        return float(
            np.linalg.norm(
                self._pull(
                    Move(
                        self.rounding.V @ H.T + columns * (V @ H.T + self.penalty.W * W),
                        W.T @ self.rounding.V + rows * (W.T @ V + H * self.penalty.H),
                        self.rounding.V.sum(axis=1) + columns * (V.sum(axis=1) + self.penalty.b * np.abs(self.point.b)),
                    )
                )
            )
        )

    def move(self, x: Float) -> Move:
        """D x, as changes of W, H and b."""
        W, H, b = np.split(x, np.cumsum([rows * columns for rows, columns in self.shapes[:2]]))
        units = self.unit
        bias = b * units.b if len(b) else np.zeros(len(units.b))
        return Move(W.reshape(self.shapes[0]) * units.W, H.reshape(self.shapes[1]) * units.H, bias)

    def vector(self, move: Move) -> Float:
        """x = D⁻¹ (W, H, b), the inverse of ``move``."""
        units, biases = self.unit, self.shapes[2][0]
        return np.concatenate([(move.W / units.W).ravel(), (move.H / units.H).ravel(), (move.b / units.b)[:biases]])

    def _pull(self, covector: Move) -> Float:
        """D times derivatives by W, H and b."""
        units, biases = self.unit, self.shapes[2][0]
        return np.concatenate(
            [(covector.W * units.W).ravel(), (covector.H * units.H).ravel(), (covector.b * units.b)[:biases]]
        )

    def _blocks(self) -> Iterator[tuple[type[Loss], slice]]:
        """Loss and rows of each task."""
        return zip(self.form.loss_of, self.form.blocks, strict=True)

    def _logits(self, move: Move) -> Float:
        return np.asarray(move.W @ self.point.H + self.point.W @ move.H + move.b[:, None])

    def _sizes(self, move: Move) -> Float:
        """The sum of absolute terms of each of ``_logits``."""
        W, H = np.abs(self.point.W), np.abs(self.point.H)
        return np.asarray(np.abs(move.W) @ H + W @ np.abs(move.H) + np.abs(move.b)[:, None])
