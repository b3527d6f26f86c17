"""The threshold from which two correlated tasks of K classes share nothing: σ_s = 0, heads opposite.

Where n_s < n_d the shared part vanishes while the heads still differ. At α = s = 0, with y = e^{−t/2} and
D = 1 + y² + (K−2) y, the probabilities at labels (k, l) are p_l = y²/D and q = y/D, and the two conditions

    τ/√(K n_d) = 2 p_l + (K−2) q − ε                                       t is best
    2 n_s (1 − ε)² + (K−2) n_d (K q − ε)² = τ²                             the pull on α and s just balances τ

make a quartic in y, of one root in the y between τ = 0 and y = 1.
"""

from __future__ import annotations

import math

from theory.margins.safeguarded_newton import decreasing_root


def opposite_threshold(classes: int, n_same: int, n_different: int, label_smoothing: float) -> float:
    """λ_Hλ_W = τ²/4 at that root, for K ≥ 3, n_s < n_d, task weights 1 and the sum of cross-entropies."""
    K, epsilon = classes, label_smoothing
    ratio = n_same / n_different

    def residual(y: float) -> tuple[float, float]:
        """2 (n_s/n_d)(1 − ε)² + (K−2)(Kq − ε)² − K (2 p_l + (K−2) q − ε)² and its derivative by y."""
        D = 1.0 + y * y + (K - 2) * y
        q, pull = y / D, y * (2.0 * y + K - 2) / D
        q_slope = (1.0 - y * y) / D**2
        pull_slope = (4.0 * y + K - 2) / D - pull * (2.0 * y + K - 2) / D
        value = 2.0 * ratio * (1.0 - epsilon) ** 2 + (K - 2) * (K * q - epsilon) ** 2 - K * (pull - epsilon) ** 2
        slope = 2.0 * K * (K - 2) * (K * q - epsilon) * q_slope - 2.0 * K * (pull - epsilon) * pull_slope
        return value, slope

    # (2 − ε) y² + (K−2)(1 − ε) y = ε is τ = 0
    B = (K - 2) * (1.0 - epsilon)
    low = 2.0 * epsilon / (B + math.sqrt(B * B + 4.0 * (2.0 - epsilon) * epsilon)) if epsilon > 0 else 0.0
    y = decreasing_root(residual, low, 1.0, 0.5 * (low + 1.0))
    pull = y * (2.0 * y + K - 2) / (1.0 + y * y + (K - 2) * y) - epsilon
    return K * n_different * pull * pull / 4.0
