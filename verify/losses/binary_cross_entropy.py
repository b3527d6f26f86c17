"""Binary cross-entropy to targets 0 ≤ y ≤ 1: a sigmoid for each class.

    ℓ(u; y) = Σ_k log(1 + e^{u_k}) − y_k u_k,      ∂ℓ = σ(u) − y,      ∂²ℓ v = σ(u) σ(−u) ∘ v ≼ 1/4
    ℓ*(g; y) = Σ_k q_k log q_k + (1 − q_k) log(1 − q_k),  q = g + y,      finite where 0 ≤ q ≤ 1.

With σ(−u) = 1 − σ(u) neither tail is a difference:

    ℓ = Σ_k (1 − y_k) log(1 + e^{u_k}) + y_k log(1 + e^{−u_k}),      ∂ℓ = (1 − y) σ(u) − y σ(−u).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from verify.losses.loss import Float


class BinaryCrossEntropy:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = False
    smoothness: ClassVar[float] = 0.25

    @staticmethod
    def mass(y: Float) -> Float:
        """1."""
        return np.ones(y.shape[1])

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """Σ_k log(1 + e^{−|u|}) + (1 − y) max(u, 0) + y max(−u, 0), and (1 − y) σ(u) − y σ(−u)."""
        tail = np.exp(-np.abs(u))
        no = 1.0 - y
        loss = np.log1p(tail) + np.where(u > 0, no, y) * np.abs(u)
        small, large = tail / (1.0 + tail), 1.0 / (1.0 + tail)
        residual = no * np.where(u > 0, large, small) - y * np.where(u > 0, small, large)
        return loss.sum(axis=0), residual

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: int, eta: Float) -> Float:
        """min((e^η − 1) ℓ, K η): log(1 + e^x) moves by at most (e^η − 1) σ(x) ≤ (e^η − 1) log(1 + e^x), and by η."""
        return np.fmin(np.expm1(eta) * losses, classes * eta)
