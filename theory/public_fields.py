"""The public fields of a problem and their valid values."""

from __future__ import annotations

import math
from reprlib import repr as short
from types import ClassMethodDescriptorType, FunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIELDS = (
    "classes",
    "labels",
    "counts",
    "task_weights",
    "lambda_H",
    "lambda_W",
    "lambda_b",
    "reduction",
    "label_smoothing",
)
# that not every problem has, that follow from the others, or that name things
DERIVED = ("loss", "targets", "losses", "samples", "multiplicities", "label_sets", "class_names", "task_names")
KNOWN = ("source", *FIELDS, *DERIVED)
PERMITTED = frozenset(KNOWN)
CROSS_ENTROPY = "cross-entropy"  # of a problem without the field ``loss``
METHODS = (
    FunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
    ClassMethodDescriptorType,
    classmethod,
    staticmethod,
)


def field(problem: Any, name: str) -> Any:
    """Returns the field; raises TypeError if it is missing."""
    if not hasattr(problem, name):
        raise TypeError(
            f"{type(problem).__name__} has no field {name!r}; a problem has source, {', '.join(FIELDS)}"
        ) from None
    return getattr(problem, name)


def require_known(problem: Any) -> None:
    """Raises ValueError naming a public field that this package does not read.

    Public are attributes of the object and of its classes that are not methods and do not begin with an underscore.
    """
    unknown = [name for name in getattr(problem, "__dict__", ()) if name not in PERMITTED and name[:1] != "_"]
    for kind in type(problem).__mro__[:-1]:
        for name, value in vars(kind).items():
            if name[:1] != "_" and name not in PERMITTED and not isinstance(value, METHODS):
                unknown.append(name)
    if unknown:
        name = min(unknown)
        raise ValueError(
            f"{type(problem).__name__} has {name}={short(getattr(problem, name, None))}, a field that theory does not "
            f"know and that may change the model; it knows {', '.join(KNOWN)}"
        )


def task_losses(problem: Any, tasks: int) -> tuple[str, ...]:
    """(T,) the loss of each task, from one name or one per task; raises ValueError otherwise."""
    loss = getattr(problem, "loss", CROSS_ENTROPY)
    losses = (loss,) * tasks if isinstance(loss, str) else loss
    is_list = isinstance(losses, (tuple, list)) and len(losses) == tasks
    if not is_list or not all(isinstance(name, str) for name in losses):
        raise ValueError(
            f"{type(problem).__name__} has loss={short(loss)}, which is neither a loss nor {tasks}, one per task"
        )
    return tuple(losses)


def bias_penalty(value: Any) -> float | None:
    """λ_b ≥ 0, 0 for a free bias, or None without bias."""
    if value is None:
        return None
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"lambda_b must be finite and ≥ 0, or None without bias, got {value!r}")
    return number


def positive(name: str, value: Any) -> float:
    """A finite number > 0."""
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
    return number


def targets(problem: Any, columns: int, outputs: int) -> NDArray[np.float64]:
    """(R, columns) targets, from the field's (columns, R) finite numbers."""
    rows = np.asarray(field(problem, "targets"), dtype=np.float64)
    if rows.shape != (columns, outputs):
        raise ValueError(f"targets must have shape (columns, R) = {(columns, outputs)}, got {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("targets must be finite")
    return rows.T
