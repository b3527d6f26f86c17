"""Why a solver stopped."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """Why a solver stopped; whether its tolerance was reached is ``Solution.converged``.

    CONVERGED    the tolerance was reached
    ROUNDING     the arithmetic's accuracy allowed no further progress, within the tolerance or short of it
    STATIONARY   at a critical point not shown to be a global minimum, such as zero
    STEPS        the steps allowed ran out
    DIVERGED     F is no longer finite
    INTERRUPTED  Ctrl-C; the point reached is kept, but says nothing about the minimum
    """

    CONVERGED = "converged"
    ROUNDING = "rounding"
    STATIONARY = "stationary"
    STEPS = "steps"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The last of these in the order of the class: the outcome of several tasks together."""
    return max(outcomes, key=list(Outcome).index)
