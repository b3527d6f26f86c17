"""The unit of float64's rounding, and what many operations may add."""

from __future__ import annotations

UNIT = 2.0**-53  # u: a rounded operation is within u of the exact one, relatively


def gamma(operations: float) -> float:
    """γ_k = k u / (1 − k u): what k rounded operations may add, relatively."""
    return operations * UNIT / (1.0 - operations * UNIT)
