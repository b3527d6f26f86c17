"""The measurements of one sweep over the samples."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """F; ‖∇F‖² in balanced units; ⟨∇F, previous ∇F⟩ where a gradient was overwritten; an F that counts as 0."""

    value: float
    gradient_square: float
    overlap: float
    nothing: float

    @property
    def finite(self) -> bool:
        """Whether F and its gradient are still finite."""
        return math.isfinite(self.value) and math.isfinite(self.gradient_square)

    @property
    def relative_gradient(self) -> float:
        """‖∇F‖ / √(2F). The penalty's own gradient has norm ‖x‖ ≤ √(2F), so it is free of scale; where the Hessian
        is about the identity its square is the relative distance of F from the minimum. Where that may be 0, F
        is taken for no less than what counts as 0.
        """
        if self.gradient_square == 0.0:
            return 0.0
        return float((self.gradient_square / (2.0 * max(self.value, self.nothing))) ** 0.5)
