"""A proven upper bound on a spectral norm in float64: no eigensolver is trusted.

For any real s and L, with G = X Xᵀ,

    s I − G = L Lᵀ + E,  L Lᵀ ⪰ 0      ⇒      ‖X‖_2² = λ_max(G) ≤ s + ‖E‖_2.

s is a float's λ_max, a little raised, and L the Cholesky factor of s I − G: both are guesses. What is proven is E, of
products alone. With u = 2⁻⁵³ and γ_k = k u / (1 − k u), an inner product of k terms, in any order and with or without
fused operations, is within γ_k Σ |x_i y_i| of the exact one (Higham, Accuracy and Stability, 3.5). So the errors are

    G, by halves down to w of m columns         γ_{w + log₂ m} |X| |X|ᵀ   of norm ≤ γ min(‖|X|‖_1 ‖|X|‖_∞, ‖X‖_F²)
    L Lᵀ of n columns                           γ_n |L| |L|ᵀ              of norm ≤ γ ‖|L|‖_1 ‖|L|‖_∞
    s − G_ii, and E from it                     u (s + G_ii), u |E|

and ‖E‖_2 ≤ ‖E‖_F. At a minimum all singular values are τ, so L is small beside s and little is lost.
"""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from verify.losses.rounding import UNIT, gamma
from verify.reading.form import Float

WIDEST = 64  # columns of a block of G


def norm_bound(X: Float, square: float) -> tuple[float, float]:
    """‖X‖_2 as computed, and a number that ‖X‖_2 does not exceed; entries of X at most 1, ``square`` ≥ ‖|X|‖_2².

    ``square`` is at least 2⁻⁹⁰⁰, so that what underflows (2⁻¹⁰²² each) is far below u times it.
    """
    if X.shape[0] > X.shape[1]:
        X = X.T
    m = X.shape[1]
    return gram_bound(gram(X), square, m, min(m, WIDEST) + m.bit_length())


def gram_bound(G: Float, square: float, m: int, operations: int) -> tuple[float, float]:
    """``norm_bound`` of X (n, m) from G = X Xᵀ, whose sums have so many operations, those of one product in blocks."""
    largest = float(np.linalg.eigvalsh(G)[-1])
    square = min(square, float(G.ravel()[:: len(G) + 1].sum()) * (1.0 + gamma(m + len(G) + 4)))  # the latter is ‖X‖_F²
    slack = gamma(operations + 4) * square
    return sqrt(max(largest, 0.0)), sqrt(_largest_eigenvalue(G, largest) + slack) * (1.0 + 8 * UNIT)


def gram(X: Float, widest: int = WIDEST) -> Float:
    """X Xᵀ, in few roundings: by halves, down to products of so many columns."""
    half = X.shape[1] // 2
    if X.shape[1] <= widest:
        return np.asarray(X @ X.T)
    G = gram(X[:, :half], widest)
    G += gram(X[:, half:], widest)
    return G


def _largest_eigenvalue(G: Float, guess: float) -> float:
    """≥ λ_max of the symmetric matrix that G (n, n) stands for, its own rounding apart."""
    n = len(G)
    raised = 4 * n * UNIT
    while raised < 1.0:
        s = guess * (1.0 + raised)
        E = -G
        E.ravel()[:: n + 1] += s
        try:
            L = np.linalg.cholesky(E)
        except np.linalg.LinAlgError:  # s is not above λ_max by enough
            raised *= 8.0
            continue
        E -= L @ L.T
        size = np.abs(L, out=L)
        product = float(np.add.reduce(size, axis=0).max()) * float(np.add.reduce(size, axis=1).max())
        bound = s + (sqrt(float(np.vdot(E, E))) + gamma(n + 4) * product + 4 * UNIT * s) * (1.0 + gamma(n * n + 16))
        if isfinite(bound):
            return bound
        break
    return sqrt(float(np.vdot(G, G))) * (1.0 + gamma(n * n + 16))
