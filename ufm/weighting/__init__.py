"""Task weightings: how the gradients of T task losses become one step.

A method needs only the Gramian G = J Jᵀ (T, T) of the gradients, so the same methods weigh the tasks of a network and
those of an unconstrained feature model.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch

from ufm.support import validation
from ufm.support.nearest_name import nearest
from ufm.weighting.constant import Fixed, Uniform
from ufm.weighting.dwa import DWA
from ufm.weighting.fairgrad import FairGrad
from ufm.weighting.famo import FAMO
from ufm.weighting.mgda import MGDA
from ufm.weighting.pcgrad import PCGrad
from ufm.weighting.task_weighting import TaskWeighting
from ufm.weighting.uncertainty import Uncertainty

WEIGHTINGS: dict[str, type[TaskWeighting]] = {
    "uniform": Uniform,
    "fixed": Fixed,
    "mgda": MGDA,
    "uncertainty": Uncertainty,
    "pcgrad": PCGrad,
    "dwa": DWA,
    "famo": FAMO,
    "fairgrad": FairGrad,
}

__all__ = ["WEIGHTINGS", "TaskWeighting", "check_options", "make_weighting"]


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raises ValueError if a weighting does not take an option; ``task_weights`` are passed separately."""
    known = [key for key in inspect.signature(WEIGHTINGS[name]).parameters if key not in ("tasks", "seed", "device")]
    for key in options:
        if key not in known:
            near = nearest(key, known)
            meant = f"did you mean {near!r}? " if near else ""
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ValueError(f"weighting_options: {key!r} is not an option of weighting={name!r}; {meant}{takes}")


def make_weighting(
    name: str, tasks: int, *, seed: int = 0, device: torch.device | str = "cpu", **options: Any
) -> TaskWeighting:
    """A weighting by name; a single task has weight 1 unless weights are "fixed".

    Raises ValueError or TypeError naming the option.
    """
    validation.one_of("weighting", name, tuple(WEIGHTINGS))
    check_options(name, options)
    made = WEIGHTINGS[name](tasks, seed=seed, device=device, **options)
    return Uniform(tasks, seed=seed, device=device) if tasks == 1 and name != "fixed" else made
