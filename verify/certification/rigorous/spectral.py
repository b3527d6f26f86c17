"""A proven upper bound on a spectral norm, from singular vectors that need no proof.

For any square X with G = X Xᵀ invertible, put B = (X M)(X M)ᵀ. With v = Xᵀ w

    ‖Mᵀv‖² / ‖v‖² = wᵀB w / wᵀG w,      so      ‖M‖_2² ≤ max_i Σ_j |B_ij| / min_i ( G_ii − Σ_{j≠i} |G_ij| )

by Gershgorin's discs, where the denominator is positive. That is σ² I − M Mᵀ ⪰ 0 without a factorization whose pivots
vanish. With float singular vectors for X, B is nearly diagonal and the bound exceeds ‖M‖_2 by a few roundings.
"""

from __future__ import annotations

import numpy as np

from verify.certification.rigorous.balls import BallMatrix, largest, matrix, nearest
from verify.losses.balls import Ball, flint


def norm_bound(M: BallMatrix) -> Ball:
    """An exact number ≥ ‖M‖_2 of every matrix in the ball matrix (R, m); infinite where the proof fails."""
    arb = flint().arb
    if M.nrows() > M.ncols():
        M = M.transpose()
    approximate = nearest(M)
    size = float(np.abs(approximate).max())
    if not np.isfinite(size):
        return arb.pos_inf()
    unit = approximate / (size or 1.0)
    X = matrix(np.linalg.eigh(unit @ unit.T)[1].T)
    XM = X * M
    B, G = (XM * XM.transpose()).tolist(), (X * X.transpose()).tolist()
    rows = largest(sum((abs(x) for x in row), arb(0)) for row in B)
    discs = -largest(sum((abs(x) for x in row), -2 * row[i]) for i, row in enumerate(G))
    return (rows / discs).sqrt().upper() if discs > 0 and rows.is_finite() else arb.pos_inf()
