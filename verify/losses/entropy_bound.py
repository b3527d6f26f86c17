"""−ℓ* of cross-entropy, s times an entropy, from below: every rounding is bounded.

With π = q/s, L = −log π, φ = Σ_{k ≠ top} π L, t = Σ_{k ≠ top} π and ℓ = −log(1 − t),

    −ℓ* = s H,      H = φ + (1 − t) ℓ,      ∂H/∂π_k = L_k − ℓ.

u = 2⁻⁵³; targets are within r u, K classes, s whole or a sum of K terms.

    q_k = y + g, k ≠ top           r u y + 3u |g| + u q, where |g| ≤ q + y                     → u ((r + 4) y + 4 q)
    π = q/s, L = −log π            an entry of φ moves by L + 1 times π's error; / u, s K u, log 8u L, × u, sum of K:
                                   u [(K + 16) φ + 6 t + (r + 5) Y],  Y = Σ (y/s)(1 + L)
    t                              sum of K: u [(K + 8) t + (r + 4) Y]; ψ = (1 − t) ℓ ≤ t moves by 1 + ℓ times that,
                                   and is computed within 10u
    H                              all of it: u [(K + 16) φ + 2 (K + 16)(1 + ℓ) t + (12 + 2r)(1 + ℓ) Y]; K more, and K
                                   in s H, where s is not whole
    entries moved by η_k ≤ π_k/2   Σ_k η_k (L_k + ℓ + 1): |∂H/∂π_k| ≤ max(L_k, ℓ), log 2 more on the way

An entry that underflows is off by at most 2⁻¹⁰²² and then moves H by less than 2⁻¹⁰¹⁰. The bounds on π's error use that
neither an entry of q nor its top is near zero beside that error: ``CrossEntropy.inside`` keeps q_k ≥ 2⁻⁴⁰ y_k, or
further in where targets are rounded more, and q_top ≥ y_top max(2⁻³⁶, 2¹² K² u), far above both.
"""

from __future__ import annotations

import numpy as np

from verify.losses.rounding import UNDERFLOW, gamma
from verify.losses.tasks import Float, Tasks


def entropy_bound(at: Tasks, g: Float, moved: Float | None) -> Float:
    """(T', m) s times the entropy of q/s less its rounding, as ``Loss.bound``."""
    q = g
    q += at.targets
    q[at.at_tops] = 0.0
    more = 0 if at.whole else max(at.classes)
    per_class = np.array([gamma(k + 16 + more) for k in at.classes])[:, None]
    s = np.rint(at.masses) if at.whole else at.masses
    divisor = None
    if at.soft or not at.whole:
        divisor = at.spread(np.where(s > 0.0, s, 1.0))
        q /= divisor
    L = -np.log(np.where(q > 0.0, q, 1.0))
    phi = at.block_sums(q * L)
    t = at.block_sums(q)
    ell = -np.log1p(-t)
    error = per_class * (phi + 2.0 * (1.0 + ell) * t)
    if at.soft:
        y = at.targets.copy()
        y[at.at_tops] = 0.0
        error += gamma(12 + 2 * max(at.roundings, 4)) * (1.0 + ell) * at.block_sums(y * (1.0 + L))
    if moved is not None:
        eta = moved if divisor is None else moved / divisor
        eta[at.at_tops] = 0.0
        error += (at.block_sums(eta * (L + 1.0)) + ell * at.block_sums(eta)) * (1.0 + 2 * per_class)
    least = np.maximum(phi + (1.0 - t) * ell - error - max(at.classes) * UNDERFLOW, 0.0)
    return np.asarray(s * least * (1.0 - gamma(more)))
