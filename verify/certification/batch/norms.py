"""Proven upper bounds on many spectral norms: ``verify.certification.norm_bound`` with the problem last.

s and L are guesses, as there: an eigensolver's, and a Cholesky factor computed for all problems at once. What is proven
is E = s I − X Xᵀ − L Lᵀ, of products alone, whose sums run one by one: those over m columns within γ_m.
"""

from __future__ import annotations

import numpy as np

from verify.losses.rounding import UNIT, gamma
from verify.reading.form import Float

TRIES = 4  # each raises s by 8 times as much


def norm_bounds(X: Float, square: Float) -> tuple[Float, Float]:
    """(B,) ‖X‖_2 of each X (R, m, B) as computed, and numbers that it does not exceed, NaN where X is not finite.

    Entries of X at most 1, ``square`` (B,) ≥ ‖|X|‖_2², at least 2⁻⁹⁰⁰.
    """
    if X.shape[0] > X.shape[1]:
        X = X.transpose(1, 0, 2)
    n, m, _ = X.shape
    G = X[:, None, 0] * X[None, :, 0]
    for column in range(1, m):
        G += X[:, None, column] * X[None, :, column]
    finite = np.isfinite(G).all(axis=(0, 1))
    largest = np.linalg.eigvalsh(np.where(finite, G, 0.0).transpose(2, 0, 1))[:, -1]
    trace = np.einsum("iip->p", G)
    square = np.minimum(square, trace * (1.0 + gamma(m + n + 4)))
    slack = gamma(m + 4) * square
    bound = np.full(len(largest), np.nan)
    raised = 4 * n * UNIT
    for _ in range(TRIES):
        open_ = np.flatnonzero(np.isnan(bound) & finite)
        if len(open_) == 0:
            break
        bound[open_] = _largest_eigenvalues(G[..., open_], largest[open_] * (1.0 + raised))
        raised *= 8.0
    frobenius = np.sqrt((G * G).sum(axis=(0, 1))) * (1.0 + gamma(n * n + 16))
    bound = np.where(np.isnan(bound), frobenius, bound)
    return np.sqrt(np.maximum(largest, 0.0)), np.sqrt(bound + slack) * (1.0 + 8 * UNIT)


def _largest_eigenvalues(G: Float, s: Float) -> Float:
    """(B,) ≥ λ_max of the symmetric matrices that G (n, n, B) stands for, its own rounding apart; NaN where s is not
    above it by enough.
    """
    n = len(G)
    diagonal = np.arange(n)
    E = -G
    E[diagonal, diagonal] += s
    L = _cholesky(E)
    for k in range(n):
        E -= L[:, None, k] * L[None, :, k]
    size = np.abs(L)
    product = size.sum(axis=0).max(axis=0) * size.sum(axis=1).max(axis=0)
    rest = np.sqrt((E * E).sum(axis=(0, 1))) + gamma(n + 4) * product + 4 * UNIT * s
    return np.asarray(s + rest * (1.0 + gamma(n * n + 16)))


def _cholesky(A: Float) -> Float:
    """Lower triangular L (n, n, B) with L Lᵀ about A, NaN where a pivot is not positive."""
    n = len(A)
    L = np.zeros_like(A)
    for j in range(n):
        pivot = A[j, j] - (L[j, :j] ** 2).sum(axis=0)
        L[j, j] = np.sqrt(np.where(pivot > 0.0, pivot, np.nan))
        L[j + 1 :, j] = (A[j + 1 :, j] - (L[j + 1 :, :j] * L[j, :j]).sum(axis=1)) / L[j, j]
    return L
