"""Quadratic forms of a loss whose second derivative is diagonal, ∂²ℓ = diag(p): a class does not see the others."""

from __future__ import annotations

import numpy as np

from verify.losses.tasks import Float


def diagonal_terms(p: Float, s: Float, du: Float, of_p: Float, of_du: Float) -> tuple[Float, Float]:
    """(K, n) s p du², the terms of ⟨du, ∂²ℓ du⟩, and what errors of_p and of_du make of each."""
    size = np.abs(du)
    errors = s * (of_p * size**2 + (p + of_p) * (2.0 * size + of_du) * of_du)
    return np.asarray(s * p * size**2), np.asarray(errors)
