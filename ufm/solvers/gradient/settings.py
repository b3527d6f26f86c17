"""The options of a run with dependent defaults filled in, and its device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ufm.solvers.option_checks import DTYPES
from ufm.solvers.options import Gradient
from ufm.support import validation

DEFAULT_STEPS = {"momentum": 5000, "adam": 2000, "lbfgs": 5000}
# on the relative gradient, whose square estimates the relative error of F; float32 gradients end at about 1e-5
DEFAULT_TOLERANCE = {torch.float32: 3e-5, torch.float64: 1e-5}
DEFAULT_MOMENTUM = 0.9
ADAM_MOMENTUM = 0.95  # of the schedule that needs no tuning

__all__ = ["DTYPES", "Settings", "settled"]


@dataclass(frozen=True, kw_only=True)
class Settings(Gradient):
    """See ``ufm.Gradient``."""

    dim: int
    seed: int
    device: torch.device
    checkpoint: Path | None
    dtype: torch.dtype
    steps: int
    tolerance: float

    @property
    def line_search(self) -> bool:
        """Whether steps are line searches, after each of which F and its gradient are known."""
        return self.optimizer != "adam" and self.learning_rate is None


def settled(options: Gradient, *, dim: Any, seed: Any = 0, device: Any = "cpu") -> Settings:
    """ValueError or TypeError names the argument, its value and what would do."""
    given = vars(options)
    dtype: torch.dtype = given["dtype"]
    own = {
        "steps": options.steps or DEFAULT_STEPS[options.optimizer],
        "tolerance": options.tolerance or DEFAULT_TOLERANCE[dtype],
        "momentum": options.momentum if options.momentum is not None else _momentum(options),
    }
    return Settings(
        **given
        | own
        | {
            "dim": validation.whole_number("dim", dim, 1),
            "seed": validation.whole_number("seed", seed, 0),
            "device": validation.device(device),
        }
    )


def _momentum(options: Gradient) -> float | None:
    if options.learning_rate is not None:
        return DEFAULT_MOMENTUM
    return ADAM_MOMENTUM if options.optimizer == "adam" else None
