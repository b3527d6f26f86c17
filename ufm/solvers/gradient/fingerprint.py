"""The fingerprint of a run: two runs with equal fingerprints take equal steps."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.losses import DEFAULT
from ufm.problems.standard_form import StandardForm
from ufm.solvers.gradient.settings import DTYPES, Settings


def fingerprint(form: StandardForm, counts: NDArray[np.int64], settings: Settings) -> dict[str, Any]:
    """Everything the trajectory depends on, by name.

    ``steps`` is part of it only for Adam's default rate, which depends on it; tolerance, device and reporting interval
    may differ when a run is resumed.

    """
    kinds = list(form.losses) if set(form.losses) != {DEFAULT} else None  # as in files older than other losses
    schedule = settings.steps if settings.optimizer == "adam" and settings.learning_rate is None else None
    return {
        "classes": list(form.classes),
        "counts": _digest(counts),
        "targets": _digest(form.targets),
        "losses": kinds,
        "labelled": None if form.labelled is None else _digest(form.labelled),
        "multiplicity": _digest(form.multiplicity),
        "omega": _digest(form.omega),
        "task_weights": [float(c) for c in form.task_weights],
        "lambda_H": form.lambda_H,
        "lambda_W": form.lambda_W,
        "lambda_b": form.lambda_b,
        "dim": settings.dim,
        "seed": settings.seed,
        "dtype": DTYPES[settings.dtype],
        "optimizer": settings.optimizer,
        "learning_rate": settings.learning_rate,
        "momentum": settings.momentum,
        "steps": schedule,
        "weighting": settings.weighting,
        "weighting_options": dict(settings.weighting_options or {}) or None,
    }


def shared_options(settings: Settings) -> dict[str, Any]:
    """The other options that processes must share, or they would not stop and save together."""
    names = ("tolerance", "steps", "log_every", "checkpoint", "checkpoint_every", "distributed")
    return {f"{name}=": str(getattr(settings, name)) for name in names}


def _digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes() + str(array.shape).encode()).hexdigest()[:16]
