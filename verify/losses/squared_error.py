"""Squared error, the one loss here with a factor ½.

ℓ(u; y) = ½ ‖u − y‖²,      ∂ℓ = u − y,      ∂²ℓ v = v,      ℓ*(g; y) = ½ ‖g‖² + ⟨g, y⟩, finite everywhere.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from verify.losses.loss import Float


class SquaredError:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = False
    smoothness: ClassVar[float] = 1.0

    @staticmethod
    def mass(y: Float) -> Float:
        """1."""
        return np.ones(y.shape[1])

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """½ ‖u − y‖² and u − y."""
        residual = u - y
        return 0.5 * np.einsum("kl,kl->l", residual, residual), residual

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: int, eta: Float) -> Float:
        """η Σ_k |u_k − y_k| + K η²/2 ≤ η √(2 K ℓ) + K η²/2."""
        return np.asarray(eta * np.sqrt(2.0 * classes * losses) + 0.5 * classes * eta**2)
