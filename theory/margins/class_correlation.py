"""Two correlated tasks of K classes: the three margins that symmetry leaves, and the cosine of the heads.

n_s samples at each label (k, k), n_d at each (k, l), l ≠ k. With ẽ = e − 1/K, z^1(k, k) = α ẽ_k and
z^1(k, l) = γ ẽ_k + δ ẽ_l, z^2 with k and l exchanged. In s = γ + δ and t = γ − δ the stacked logits split into a part
that the tasks share and a part in which they differ, of singular values (K − 1 times each)

    σ_s = √(2 n_s α² + (K − 2) n_d s²),   σ_a = √(K n_d) |t|
    min F = min over α, s, t of  2 n_s K [ log(1 + (K−1) e^{−α}) + ε (K−1)/K α ]
            + 2 n_d K (K−1) log(1 + e^{−t} + (K−2) e^{−(s+t)/2}) + n_d (K−1) ε [ (K−2) s + K t ]
            + τ (K−1) (σ_s + σ_a),   τ = 2 √(λ_H λ_W)
    cos(w_k^1, w_k^2) = (σ_s − σ_a) / (σ_s + σ_a),   cos(w_k^1, w_l^2) = −cos(w_k^1, w_k^2) / (K − 1)

At labels (k, l) let p_l be the probability of the other task's class and q that of each of the K − 2 others. The
derivative by t is zero where 2 p_l + (K−2) q = ρ = ε + τ/√(K n_d), which for ρ < 1 gives t from s by a quadratic; t = 0
for ρ ≥ 1, whatever s is. As p_l ≤ q, K q ≥ ρ > ε: s is never negative. The derivatives by α and s are those of
``theory.margins.shared_root``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.feature_space import Float, float_array
from theory.margins.shared_root import Force, LabelForce, margins
from theory.margins.shrunk_correlation import shrunk_cosine
from theory.public_fields import CROSS_ENTROPY
from theory.reading import rational_root, square_root


@dataclass(frozen=True)
class PairForce:
    """f(s) = K q(s) at the best t for that s, with y = e^{−t/2} and w = e^{−s/2}:

        q = w y / D,   D = 1 + y² + (K−2) w y,   (2 − ρ) y² + (K−2)(1 − ρ) w y = ρ,   y = 1 where ρ ≥ 1.

    classes  K
    rho      ρ = ε + τ/√(K n_d) = 2 p_l + (K−2) q, which is 1 − (p_k − p_l)
    surplus  1 − ρ without cancellation, 0 where ρ ≥ 1
    """

    classes: int
    rho: float
    surplus: float

    @property
    def at_zero(self) -> float:
        """f(0): 1 where t = 0."""
        return math.exp(self.log(0.0)[0]) if self.surplus > 0 else 1.0

    def log(self, a: float) -> tuple[float, float]:
        """log f(s) and its derivative."""
        w, y, D, y_slope = self._at(a)
        others = (self.classes - 2) * w
        D_slope = 2.0 * y * y_slope + others * (y_slope - 0.5 * y)
        return math.log(self.classes) - 0.5 * a + math.log(y) - math.log(D), y_slope / y - 0.5 - D_slope / D

    def difference(self, s: float) -> float:
        """t = log(p_k/p_l) = log1p( (1 − ρ)/p_l ), p_l = y²/D."""
        _, y, D, _ = self._at(s)
        if y < 1e-100:  # y² leaves float64, and 1 is nothing beside its inverse
            return math.log(self.surplus * D) - 2.0 * math.log(y)
        return math.log1p(self.surplus * D / (y * y))

    def _at(self, s: float) -> tuple[float, float, float, float]:
        """w, y, D and dy/ds."""
        w = math.exp(-0.5 * s)
        y, y_slope = 1.0, 0.0
        if self.surplus > 0:
            B = (self.classes - 2) * self.surplus * w
            root = math.sqrt(B * B + 4.0 * (1.0 + self.surplus) * self.rho)
            y = 2.0 * self.rho / (B + root)
            y_slope = 0.5 * B * y / root
        return w, y, 1.0 + y * y + (self.classes - 2) * w * y, y_slope


@dataclass(frozen=True)
class ClassMargins:
    """α, s = γ + δ and t = γ − δ of the minimum, and the singular values σ_s, σ_a without task weights."""

    alpha: float
    s: float
    t: float
    sigma_s: float
    sigma_a: float

    @property
    def cosine(self) -> float:
        """(σ_s − σ_a) / (σ_s + σ_a), NaN where the heads are zero."""
        total = self.sigma_s + self.sigma_a
        return (self.sigma_s - self.sigma_a) / total if total > 0 else math.nan


def class_margins(
    classes: int, n_same: float, n_different: float, product: Fraction, label_smoothing: float = 0.0
) -> ClassMargins:
    """The minimum for λ_Hλ_W = ``product`` beside the sum of cross-entropies, with task weight 1."""
    K, epsilon = classes, label_smoothing
    tau = 2.0 * square_root(product)
    rho, surplus = _pull_apart(Fraction(n_different) * K, product, Fraction(epsilon))
    pair = PairForce(K, rho, surplus)
    parts: list[tuple[Force, float]] = [(LabelForce(K), 2.0 * n_same), (pair, float(K - 2) * n_different)]
    present = [(force, weight) for force, weight in parts if weight > 0]
    excess = _shared_excess(K, Fraction(n_same), Fraction(n_different), product, Fraction(epsilon))
    found = iter(margins([f for f, _ in present], [v for _, v in present], tau, epsilon, excess) if present else [])
    alpha, s = (next(found) if weight > 0 else 0.0 for _, weight in parts)
    t = pair.difference(s) if surplus > 0 else 0.0
    sigma_s = math.hypot(math.sqrt(parts[0][1]) * alpha, math.sqrt(parts[1][1]) * s)
    return ClassMargins(alpha, s, t, sigma_s, math.sqrt(K * n_different) * t)


def _pull_apart(weight: Fraction, product: Fraction, epsilon: Fraction) -> tuple[float, float]:
    """ρ = ε + τ/√(K n_d), and 1 − ρ from rationals; (1, 0) where ρ ≥ 1."""
    if 4 * product >= (1 - epsilon) ** 2 * weight:
        return 1.0, 0.0
    square = 4 * product / weight  # below (1 − ε)²
    hard = square_root(square)
    surplus = float(((1 - epsilon) ** 2 - square) / (1 - epsilon + Fraction(hard)))
    return float(epsilon) + hard, surplus


def _shared_excess(K: int, n_same: Fraction, n_different: Fraction, product: Fraction, epsilon: Fraction) -> Fraction:
    """Σ_i v_i (f_i(0) − ε)² / τ² − 1 in rationals: above 0 the heads share something.

    f(0) = 1 of the labels that agree, and of the others K q at s = 0. Where n_s ≥ n_d what they share goes first, at
    t = 0 and so q = 1/K; otherwise q is that of ``PairForce``, by square roots to 512 bits.
    """
    of_same, of_different = (1 - epsilon) ** 2, (1 - epsilon) ** 2
    if n_same < n_different and 4 * product < of_different * K * n_different:
        rho = epsilon + rational_root(4 * product / (K * n_different))
        B = (K - 2) * (1 - rho)
        y = 2 * rho / (B + rational_root(B * B + 4 * (2 - rho) * rho))
        of_different = (K * y / (1 + y * y + (K - 2) * y) - epsilon) ** 2
    return (2 * n_same * of_same + (K - 2) * n_different * of_different) / (4 * product) - 1


def _margin_cosine(classes: int, n_same: float, n_different: float, product: Fraction) -> float:
    return class_margins(classes, n_same, n_different, product).cosine


COSINES = {CROSS_ENTROPY: _margin_cosine, "squared-error": shrunk_cosine}


def class_correlation_cosine(
    classes: Any, n_same: Any, n_different: Any, lambda_H: Any, lambda_W: Any, *, loss: str = CROSS_ENTROPY
) -> Float:
    """cos(w_k^1, w_k^2) of two tasks of K classes with n_same samples at labels (k, k), n_different at the others.

    The law of this module without smoothing, of which K = 2 is ``theory.task_correlation_cosine``; of squared error
    that of ``theory.margins.shrunk_correlation``. λ's multiply beside the SUM of losses. All five are numbers or arrays
    and broadcast; float64, of their common shape. NaN where the heads are zero; 1 or −1 where they are parallel or
    opposite.

    loss  "cross-entropy" (default) or "squared-error"

    Raises ValueError, naming the argument, for classes that are not integers ≥ 2, counts that are negative or not
    finite, λ's that are not finite and > 0, and another loss; TypeError for anything but numbers. Source: beyond the
    paper, docs/theory.md.
    """
    if loss not in COSINES:
        raise ValueError(f"loss must be one of {', '.join(map(repr, COSINES))}, got {loss!r}")
    arguments = {"classes": classes, "n_same": n_same, "n_different": n_different}
    arguments |= {"lambda_H": lambda_H, "lambda_W": lambda_W}
    arrays = [_checked(name, value) for name, value in arguments.items()]
    broadcast = np.broadcast(*arrays)
    cosines = [
        COSINES[loss](int(K), n_s, n_d, Fraction(float(h)) * Fraction(float(w))) for K, n_s, n_d, h, w in broadcast
    ]
    return np.array(cosines).reshape(broadcast.shape)


def _checked(name: str, value: Any) -> Float:
    array = float_array(name, value)
    asked, wrong = {
        "classes": ("whole numbers ≥ 2", ~(array >= 2) | (array != np.floor(array))),
        "n_same": ("≥ 0", ~(array >= 0)),
        "n_different": ("≥ 0", ~(array >= 0)),
    }.get(name, ("> 0", ~(array > 0)))
    wrong |= ~np.isfinite(array)
    if np.any(wrong):
        raise ValueError(f"{name} must be finite and {asked}, got {float(array[wrong].flat[0])!r}")
    return array
