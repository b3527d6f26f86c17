"""The unit of float64's rounding, and what many operations may add."""

from __future__ import annotations

UNIT = 2.0**-53  # u: a rounded operation is within u of the exact one, relatively
EPS = 2.0**-52  # ε: twice that; what is left of it covers products of errors
TINY = 2.0**-1022  # what underflow can take of a number
UNDERFLOW = 2.0**-1010  # what an underflow may take of a conjugate


def gamma(operations: float) -> float:
    """γ_k = k u / (1 − k u): what k rounded operations may add, relatively."""
    return operations * UNIT / (1.0 - operations * UNIT)


def inside_of(roundings: int) -> float:
    """The share of a target that may be taken off it: what is left is far above the target's rounding."""
    return 1.0 - max(2.0**-40, 2.0**10 * roundings * UNIT)
