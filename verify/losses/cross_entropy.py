"""Cross-entropy to targets y ≥ 0 of mass s = Σ_k y_k.

    ℓ(u; y) = s lse(u) − ⟨y, u⟩,      ∂ℓ = s p − y,  p = softmax(u),      ∂²ℓ v = s (p ∘ v − p ⟨p, v⟩) ≼ s/2
    ℓ*(g; y) = Σ_k q_k log(q_k/s),  q = g + y,      finite where q ≥ 0 and Σ_k q_k = s.

A gap of 1e-13 relative to F is resolved only if every tail is: near a minimizer p(wrong class) can be 1e-8, and
p − y computed as a difference would keep half its digits. So the largest logit is taken apart: with u_max removed
from the sum, r = Σ_{k ≠ max} exp(u_k − u_max),

    lse(u) = u_max + log(1 + r),   p_k = exp(u_k − u_max) / (1 + r),   (s p − y)_max = − Σ_{k ≠ max} (s p − y)_k.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from verify.losses.loss import Float


class CrossEntropy:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = True
    smoothness: ClassVar[float] = 0.5

    @staticmethod
    def mass(y: Float) -> Float:
        """s = Σ_k y_k."""
        return np.asarray(y.sum(axis=0))

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """s log(1 + r) + Σ_k y_k (u_max − u_k), and s p − y."""
        columns = np.arange(u.shape[1])
        top = np.argmax(u, axis=0)
        below = u[top, columns] - u
        tail = np.exp(-below)
        tail[top, columns] = 0.0
        r = tail.sum(axis=0)
        s = y.sum(axis=0)
        loss = s * np.log1p(r) + (y * below).sum(axis=0)
        residual = s * (tail / (1.0 + r)) - y
        residual[top, columns] = 0.0
        residual[top, columns] = -residual.sum(axis=0)
        return loss, residual

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: int, eta: Float) -> Float:
        """min((e^{4η} − 1) ℓ, 4 s η).

        Differences u_j − u_k are off by 2η, and so is what they are formed to in floating point. ℓ is
        Σ_j y_j log(1 + r_j), r_j = Σ_{k≠j} e^{u_k − u_j} off by a factor of e^{±4η}: log(1 + r_j) moves by at most
        (e^{4η} − 1) r_j / (1 + r_j) = (e^{4η} − 1)(1 − p_j) ≤ (e^{4η} − 1)(−log p_j).
        """
        return np.fmin(np.expm1(4.0 * eta) * losses, 4.0 * masses * eta)
