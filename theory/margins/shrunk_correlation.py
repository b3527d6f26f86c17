"""The cosine between two correlated tasks of K classes under squared error: two singular values, each less τ.

    s_s² = 2 n_s + (K − 2) n_d,   s_a² = K n_d,   A = (s − τ)₊,   τ = 2 √(λ_H λ_W)
    cos(w_k^1, w_k^2) = (A_s − A_a) / (A_s + A_a)

with a free bias, or a penalized one that leaves the heads none of the mean. Beyond the paper: docs/theory.md.
"""

from __future__ import annotations

import math
from fractions import Fraction

from theory.margins.modes import root_difference


def shrunk_cosine(classes: int, n_same: float, n_different: float, product: Fraction) -> float:
    """The cosine for λ_Hλ_W = ``product`` beside the sum of losses, of task weight 1; NaN where the heads are zero."""
    square_s = 2 * Fraction(n_same) + (classes - 2) * Fraction(n_different)
    square_a = classes * Fraction(n_different)
    tau_squared = 4 * product
    shared, apart = (root_difference(x, tau_squared) if x > tau_squared else 0.0 for x in (square_s, square_a))
    if shared == 0 and apart == 0:
        return math.nan
    difference = root_difference(square_s, square_a) if shared > 0 and apart > 0 else shared - apart
    return difference / (shared + apart)
