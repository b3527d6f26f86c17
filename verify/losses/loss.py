"""What verification asks of a loss ℓ(u; y), convex and smooth in the logits u ∈ R^K of one task."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


class Loss(Protocol):
    """Constants and functions of one loss; logits u and targets y are blocks (K, n), a column a sample.

    shift_blind  whether ℓ does not see a common shift of a task's logits: such a task needs K − 1 dimensions
    smoothness   L with ∂²ℓ ≼ L s, s the ``mass`` of a column
    """

    shift_blind: ClassVar[bool]
    smoothness: ClassVar[float]

    @staticmethod
    def mass(y: Float) -> Float:
        """(n,) s: Σ_k y_k where the loss is a multiple of it, else 1."""

    @staticmethod
    def value_and_residual(u: Float, y: Float) -> tuple[Float, Float]:
        """(n,) ℓ ≥ 0 and (K, n) ∂ℓ, both accurate where they are tiny."""

    @staticmethod
    def logit_slack(losses: Float, masses: Float, classes: int, eta: Float) -> Float:
        """(n,) what errors of at most η in the logits, and in their differences, may change ℓ by."""
