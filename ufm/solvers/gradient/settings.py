"""Checked arguments and their defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ufm.support import validation
from ufm.support.writable import require_file

OPTIMIZERS = ("momentum", "adam", "lbfgs")
DTYPES = {torch.float32: "float32", torch.float64: "float64"}
DEFAULT_STEPS = {"momentum": 5000, "adam": 2000, "lbfgs": 5000}
# on the relative gradient, whose square estimates the relative error of F; float32 gradients end at about 1e-5
DEFAULT_TOLERANCE = {torch.float32: 3e-5, torch.float64: 1e-5}
DEFAULT_MOMENTUM = 0.9
ADAM_MOMENTUM = 0.95  # of the schedule that needs no tuning
DEFAULT_LOG_EVERY = 10


@dataclass(frozen=True)
class Settings:
    """See ``minimize``."""

    dim: int
    seed: int
    device: torch.device
    dtype: torch.dtype
    optimizer: str
    steps: int
    tolerance: float
    learning_rate: float | None
    momentum: float | None
    log_every: int
    checkpoint: Path | None
    checkpoint_every: int | None
    weighting: str | None = None
    weighting_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def line_search(self) -> bool:
        """Whether steps are line searches, after each of which F and its gradient are known."""
        return self.optimizer != "adam" and self.learning_rate is None


def checked(
    *,
    dim: Any,
    seed: Any,
    device: Any,
    dtype: Any,
    optimizer: Any,
    steps: Any,
    tolerance: Any,
    learning_rate: Any,
    momentum: Any,
    log_every: Any,
    checkpoint: Any,
    checkpoint_every: Any,
    weighting: Any = None,
    weighting_options: Any = None,
) -> Settings:
    """Settings with defaults filled in; ValueError or TypeError names the field, its value and what would do."""
    name = validation.one_of("optimizer", optimizer, OPTIMIZERS)
    if name == "lbfgs" and (learning_rate is not None or momentum is not None):
        field, value = ("learning_rate", learning_rate) if learning_rate is not None else ("momentum", momentum)
        raise ValueError(f"{field}={value!r} does not apply to optimizer='lbfgs', which searches along lines; leave it")
    precision = _dtype(dtype)
    rate = None if learning_rate is None else _learning_rate(learning_rate)
    return Settings(
        dim=validation.whole_number("dim", dim, 1),
        seed=validation.whole_number("seed", seed, 0),
        device=validation.device(device),
        dtype=precision,
        optimizer=name,
        steps=DEFAULT_STEPS[name] if steps is None else validation.whole_number("steps", steps, 1),
        tolerance=DEFAULT_TOLERANCE[precision] if tolerance is None else _tolerance(tolerance),
        learning_rate=rate,
        momentum=_momentum(momentum, name, rate),
        log_every=DEFAULT_LOG_EVERY if log_every is None else validation.whole_number("log_every", log_every, 1),
        checkpoint=None if checkpoint is None else _checkpoint(checkpoint),
        checkpoint_every=_optional_whole("checkpoint_every", checkpoint_every),
        weighting=_weighting(weighting, name, rate),
        weighting_options=_weighting_options(weighting, weighting_options),
    )


def _weighting(value: Any, optimizer: str, learning_rate: float | None) -> str | None:
    if value is None:
        return None
    from ufm.weighting import WEIGHTINGS

    if value == "fixed":
        raise ValueError("weighting='fixed' is the problem's own task_weights=; leave weighting out")
    validation.one_of("weighting", value, tuple(name for name in WEIGHTINGS if name != "fixed"))
    if optimizer != "momentum" or learning_rate is None:
        raise ValueError(
            f"weighting={value!r} needs optimizer='momentum' with a learning_rate=, got optimizer={optimizer!r}, "
            f"learning_rate={learning_rate!r}: the weights change at every step, and with them the function a "
            "line search would search"
        )
    return str(value)


def _weighting_options(weighting: Any, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if weighting is None:
        raise ValueError(f"weighting_options={value!r} without weighting=; name one")
    if not isinstance(value, Mapping):
        raise TypeError(f"weighting_options must be a dict, got {value!r}")
    from ufm.weighting import check_options

    check_options(weighting, value)
    return dict(value)


def _number(name: str, value: Any, expected: str) -> float:
    if isinstance(value, (bool, str)):
        raise TypeError(f"{name} must be {expected}, got {value!r}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be {expected}, got {value!r}") from None


def _learning_rate(value: Any) -> float:
    number = _number("learning_rate", value, "a number > 0, or None for none to tune")
    if not math.isfinite(number) or number <= 0:
        raise ValueError(f"learning_rate must be finite and > 0, got {value!r}; None needs no tuning")
    return number


def _tolerance(value: Any) -> float:
    number = _number("tolerance", value, "a number > 0")
    if not math.isfinite(number) or number <= 0:
        raise ValueError(f"tolerance must be finite and > 0, got {value!r}; 1e-5 is the default in float64")
    return number


def _momentum(value: Any, optimizer: str, learning_rate: float | None) -> float | None:
    if value is None:
        if learning_rate is not None:
            return DEFAULT_MOMENTUM
        return ADAM_MOMENTUM if optimizer == "adam" else None
    number = _number("momentum", value, "a number in [0, 1)")
    if not 0 <= number < 1:
        raise ValueError(f"momentum must lie in [0, 1), got {value!r}; {DEFAULT_MOMENTUM} is a usual choice")
    return number


def _optional_whole(name: str, value: Any) -> int | None:
    return None if value is None else validation.whole_number(name, value, 1)


def _dtype(value: Any) -> torch.dtype:
    names = {name: dtype for dtype, name in DTYPES.items()}
    dtype = names.get(value) if isinstance(value, str) else value
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be torch.float32 or torch.float64, got {value!r}")
    return torch.float32 if dtype == torch.float32 else torch.float64


def _checkpoint(value: Any) -> Path:
    try:
        path = Path(value)
    except TypeError:
        raise TypeError(f"checkpoint must be a path to a file, got {value!r}") from None
    try:
        return require_file(path, "checkpoint", "run.safetensors")
    except OSError as error:
        raise ValueError(str(error)) from error
