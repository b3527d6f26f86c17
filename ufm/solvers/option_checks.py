"""Checks of the solvers' options: each returns the checked value or raises an error naming the option."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any

import torch

from ufm.support import validation
from ufm.support.writable import open_folder, require_file

DTYPES = {torch.float32: "float32", torch.float64: "float64"}


def at_least_one(name: str, value: Any) -> int:
    """A whole number ≥ 1."""
    return validation.whole_number(name, value, 1)


def learning_rate(name: str, value: Any) -> float:
    """A number > 0."""
    try:
        return validation.positive(name, value)
    except ValueError as error:
        raise ValueError(f"{error}; leave it out: the default needs no tuning") from None


def momentum(name: str, value: Any) -> float:
    """A number in [0, 1)."""
    number = validation.real_number(value)
    if number is None:
        raise TypeError(f"{name} must be a number in [0, 1), got {value!r}")
    if not 0 <= number < 1:
        raise ValueError(f"{name} must lie in [0, 1), got {short(value)}; 0.9 is a usual choice")
    return number


def precision(name: str, value: Any) -> torch.dtype:
    """torch.float32 or torch.float64, or one of their names."""
    for dtype, word in DTYPES.items():
        if value is dtype or (isinstance(value, str) and value == word):
            return dtype
    raise ValueError(f"{name} must be torch.float32 or torch.float64, got {value!r}")


def checkpoint(name: str, value: Any) -> Path:
    """A path to which a file can be written."""
    try:
        path = Path(value)
    except TypeError:
        raise TypeError(f"{name} must be a path to a file, got {value!r}") from None
    try:
        return require_file(path, name, "run.safetensors")
    except OSError as error:
        raise ValueError(str(error)) from error


def checkpoint_folder(name: str, value: Any) -> Path:
    """A folder for the checkpoints of many processes, created if absent."""
    try:
        path = Path(value)
    except TypeError:
        raise TypeError(f"{name} must be a path to a folder, got {value!r}") from None
    if value == "":
        raise ValueError(f"{name}='' names no folder; '.' is the working folder")
    if os.path.isfile(path):  # unlike Path.is_file no error for a name that is too long
        raise ValueError(
            f"{name}={str(path)!r} is a file, as one process writes it; many processes write a folder: name another"
        )
    try:
        return open_folder(path, what=name)
    except OSError as error:
        raise ValueError(str(error)) from error


def distributed(value: Any, metrics: Any) -> None:
    """False, True or "sharded", without what would need all of H on the way."""
    if not isinstance(value, bool) and value != "sharded":
        raise ValueError(f"distributed must be True, False or 'sharded', got {short(value)}")
    if value and metrics is not None:
        raise ValueError(
            f"metrics= reads all of H, of which each process has a share under distributed={value!r}: leave it out, "
            "and measure the solution"
        )


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True, False or None, got {short(value)}")
    return value


def function(name: str, value: Any) -> Any:
    """A callable."""
    if not callable(value):
        raise TypeError(f"{name} must be a function of a ufm.RunPoint, such as verify.tracked(problem), got {value!r}")
    return value


def line_search_alone(optimizer: str, learning_rate: Any, momentum: Any) -> None:
    """L-BFGS has neither a learning rate nor a momentum."""
    for name, value in (("learning_rate", learning_rate), ("momentum", momentum)):
        if optimizer == "lbfgs" and value is not None:
            raise ValueError(
                f"{name}={value!r} does not apply to optimizer='lbfgs', which searches along lines; leave it"
            )


def weighting(name: Any, options: Any, optimizer: str, learning_rate: float | None) -> None:
    """A weighting of ``ufm.weighting`` with valid options; it needs SGD's recursion."""
    if name is None:
        if options is not None:
            raise ValueError(f"weighting_options={options!r} without weighting=; name one")
        return
    # late: it imports scipy.optimize, which few solves need
    from ufm.weighting import WEIGHTINGS, check_options

    if name == "fixed":
        raise ValueError("weighting='fixed' is the problem's own task_weights=; leave weighting out")
    validation.one_of("weighting", name, tuple(known for known in WEIGHTINGS if known != "fixed"))
    if optimizer != "momentum" or learning_rate is None:
        raise ValueError(
            f"weighting={name!r} needs optimizer='momentum' with a learning_rate=, got optimizer={optimizer!r}, "
            f"learning_rate={learning_rate!r}: the weights change at every step, and with them the function a "
            "line search would search"
        )
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"weighting_options must be a dict, got {options!r}")
    check_options(name, options or {})
