"""The status of a run in one line: what happened, and what to do about it."""

from __future__ import annotations

from typing import assert_never

import torch

from ufm.outcome import Outcome
from ufm.solvers.gradient.run import End, Reason
from ufm.solvers.gradient.settings import DTYPES, Settings


def outcome(reason: Reason) -> Outcome:
    """The solution's outcome."""
    return Outcome.ROUNDING if reason == "stalled" else Outcome(reason)


def describe(end: End, settings: Settings) -> str:
    """The solution's status."""
    steps = f"{end.step:,} steps of {settings.optimizer}"
    reached = f"relative gradient {end.last.relative_gradient:.1e}"
    match end.reason:
        case "converged":
            return f"converged: {reached} after {steps}"
        case "interrupted":
            kept = "it is saved" if settings.checkpoint is not None else "pass checkpoint= to be able to resume"
            return f"interrupted after {steps}, {reached}: the point reached is kept; {kept}"
        case "rounding":
            return f"converged to the rounding of {DTYPES[settings.dtype]}: {reached} after {steps}"
        case "stalled":
            advice = "use dtype=torch.float64" if settings.dtype == torch.float32 else "raise tolerance="
            return f"rounding in {DTYPES[settings.dtype]} stopped progress after {steps}, {reached}; {advice}"
        case "diverged":
            other = ", or leave it out" if settings.weighting is None else ""
            return f"diverged by step {end.step:,}: F is no longer finite; lower learning_rate={other}"
        case "steps":
            return f"stopped after {steps}, {reached} > tolerance {settings.tolerance:.1e}; {_advice(settings)}"
        case _:
            assert_never(end.reason)


def _advice(settings: Settings) -> str:
    if settings.weighting is not None:
        return "raise steps=, or lower learning_rate= where losses grow; the weights may also never come to rest"
    if settings.learning_rate is not None:
        return "raise steps=, or leave learning_rate out: the default needs no tuning"
    if settings.optimizer == "momentum" and settings.momentum is not None:
        return "raise steps=, or leave momentum out: the default needs no tuning"
    other = "lbfgs" if settings.optimizer == "momentum" else "momentum"
    return f"raise steps=, or use optimizer={other!r}"
