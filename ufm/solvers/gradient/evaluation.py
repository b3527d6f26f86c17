"""What one sweep over the samples measures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """F; ‖∇F‖² in balanced units; ⟨∇F, previous ∇F⟩ where a previous gradient was overwritten."""

    value: float
    gradient_square: float
    overlap: float

    @property
    def relative_gradient(self) -> float:
        """‖∇F‖ / √(2F), at most about 1 where the penalty's part ‖x‖ ≤ √(2F) is all of it; its square estimates
        the relative distance of F from the minimum where the Hessian is about the identity.
        """
        return float((self.gradient_square / (2.0 * self.value)) ** 0.5)
