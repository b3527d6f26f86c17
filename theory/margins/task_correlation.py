"""The cosine between the heads of two correlated binary tasks, Theorem 5.1.

A(n) = √n log( √(2n / (λ_H λ_W)) − 1 )   if λ_H λ_W < n/2, else 0
cos(w_1^1, w_1^2) = (A(n_same) − A(n_different)) / (A(n_same) + A(n_different))                 (from eq. 31)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.feature_space import Float, float_array


def task_correlation_cosine(n_same: Any, n_different: Any, lambda_H: Any, lambda_W: Any) -> Float:
    """cos(w_1^1, w_1^2) of two binary tasks with n_same samples at labels (1,1) and (2,2), n_different at the others.

        cos = (A₁ − A₂) / (A₁ + A₂),   A(n) = √n log( √(2n / (λ_H λ_W)) − 1 ), 0 where λ_H λ_W ≥ n/2

    λ's multiply beside the SUM of cross-entropies. All four are numbers or arrays and broadcast; float64, of their
    common shape. Where only the rarer pair of labels is past its threshold the heads are parallel: 1, or −1 where the
    rarer pair is the diagonal one. Where both are, the heads are zero: NaN. Those two regimes are beyond the paper.
    Accurate to rounding, relative to the cosine itself, however near the thresholds or n_same near n_different.

    Raises ValueError, naming the argument, for counts that are negative or not finite and λ's that are not finite and
    > 0; TypeError for anything but numbers.
    Source: Theorem 5.1, eq. 31.
    """
    same = _checked("n_same", n_same, zero=True)
    different = _checked("n_different", n_different, zero=True)
    penalty_H = _checked("lambda_H", lambda_H, zero=False)
    penalty_W = _checked("lambda_W", lambda_W, zero=False)
    return cosine_from_margins(
        same, different, _margins(same, penalty_H, penalty_W), _margins(different, penalty_H, penalty_W)
    )


def cosine_from_margins(
    n_same: Any, n_different: Any, margin_same: Any, margin_different: Any, label_smoothing: float = 0.0
) -> Float:
    """(A₁ − A₂) / (A₁ + A₂) with A = √n a, without the cancellation.

    With n₁ ≥ n₂ and 1/(e^a + 1) = r = ε/2 + √(λ_H λ_W / (2n)), every term below is positive:

        A₁ − A₂ = (√n₁ − √n₂) a₁ + √n₂ (a₁ − a₂)
        a₁ − a₂ = log1p( (√n₁ − √n₂)/√n₂ · (1 + e^{−a₂}) · (1 − ε/(2 r₁)) )
    """
    n1, n2 = np.maximum(n_same, n_different), np.minimum(n_same, n_different)
    a1, a2 = np.maximum(margin_same, margin_different), np.minimum(margin_same, margin_different)
    with np.errstate(divide="ignore", invalid="ignore"):
        root1, root2 = np.sqrt(n1), np.sqrt(n2)
        step = (n1 - n2) / (root1 + root2)
        hard = 1.0 - label_smoothing * (1.0 + np.exp(a1)) / 2.0 if label_smoothing > 0 else 1.0
        difference = step * a1 + root2 * np.log1p(step / root2 * (1.0 + np.exp(-a2)) * hard)
        ratio = np.minimum(difference / (root1 * a1 + root2 * a2), 1.0)  # rounding may pass 1
        size = np.where(a2 > 0, ratio, 1.0)
    signed = np.sign(np.subtract(n_same, n_different)) * size
    cosine: Float = np.asarray(np.where(a1 > 0, signed, np.nan))
    return cosine


def _margins(n: Float, lambda_H: Float, lambda_W: Float) -> Float:
    """a = log(2√r − 1) = log1p(2(√r − 1)), r = n / (2 λ_H λ_W), 0 where r ≤ 1.

    Near r = 1 the rounding of λ_H λ_W is as large as r − 1, so the product is carried with its error.
    """
    fraction_H, exponent_H = np.frexp(lambda_H)
    fraction_W, exponent_W = np.frexp(lambda_W)
    product, error = _exact_product(fraction_H, fraction_W)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        half = np.ldexp(n / 2, -(exponent_H + exponent_W))
        root = np.sqrt(n / 2) / (np.sqrt(lambda_H) * np.sqrt(lambda_W))
        near = (half - product - error) / product / (root + 1.0)
        excess = np.where(root < 2.0, near, root - 1.0)
    margins: Float = np.log1p(2.0 * np.maximum(excess, 0.0))
    return margins


def _exact_product(x: Float, y: Float) -> tuple[Float, Float]:
    """x y rounded, and the error of that rounding (Dekker), for x and y near 1."""
    x_high, y_high = _high_half(x), _high_half(y)
    x_low, y_low = x - x_high, y - y_high
    product = x * y
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _high_half(x: Float) -> Float:
    """The leading 26 bits (Veltkamp)."""
    shifted = x * 134217729.0  # 2^27 + 1
    return shifted - (shifted - x)


def _checked(name: str, value: Any, *, zero: bool) -> Float:
    array = float_array(name, value)
    wrong = ~np.isfinite(array) | (array < 0 if zero else array <= 0)
    if np.any(wrong):
        raise ValueError(f"{name} must be finite and {'≥' if zero else '>'} 0, got {float(array[wrong].flat[0])!r}")
    return array
