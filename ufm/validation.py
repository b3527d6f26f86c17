"""Checks shared by every constructor and solver: an error names the field, its value and what would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

REDUCTIONS = ("sum", "mean")
MAX_COLUMNS = 10_000_000  # label tuples; beyond it even one integer row per tuple is gigabytes


def to_numpy(value: Any) -> NDArray[Any]:
    """A NumPy array of a tensor (any device), list or array; the only place where tensors become arrays."""
    detach = getattr(value, "detach", None)
    if detach is not None:
        tensor = detach().cpu()
        return np.asarray(tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor)
    return np.asarray(value)


def positive(name: str, value: Any) -> float:
    """A finite number > 0 (λ's, task weights, tolerances)."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number > 0, got {value!r}") from None
    if not math.isfinite(number) or number <= 0:
        raise ValueError(f"{name} must be finite and > 0, got {value!r}; {name}=5e-4 is a usual choice")
    return number


def whole_number(name: str, value: Any, least: int) -> int:
    """An integer ≥ least; 3.0 is accepted, 3.5 and True are not."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be an integer ≥ {least}, got {value!r}")
    if not math.isfinite(value) or value != int(value) or value < least:
        raise ValueError(f"{name} must be an integer ≥ {least}, got {value!r}")
    return int(value)


def class_numbers(name: str, value: Any) -> tuple[int, ...]:
    """(K_1, …, K_T), each ≥ 2."""
    if not isinstance(value, (Sequence, np.ndarray)) or isinstance(value, str) or len(value) == 0:
        raise TypeError(f"{name} must be a sequence (K_1, …, K_T) of class numbers, got {value!r}")
    return tuple(whole_number(f"{name}[{t}]", k, 2) for t, k in enumerate(value))


def count_array(name: str, value: Any) -> NDArray[np.int64]:
    """An integer array ≥ 0 with at least one sample; integral floats are accepted."""
    array = to_numpy(value)
    if array.dtype == bool or not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise TypeError(f"{name} must hold integers (samples per label), got dtype {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}); it needs one count per label")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]!r}")
    whole = array.astype(np.int64)
    if np.any(whole != array):
        raise ValueError(f"{name} must be whole numbers of samples, got {array[whole != array].flat[0]!r}")
    if np.any(whole < 0):
        raise ValueError(f"{name} must be ≥ 0, got {whole[whole < 0].flat[0]}")
    if whole.sum() == 0:
        raise ValueError(f"{name} sums to 0; a problem needs at least one sample")
    return whole


def label_array(name: str, value: Any, tasks: int | None = None) -> NDArray[np.int64]:
    """Integer labels (N, T), classes counted from 0; a vector (N,) is one task."""
    array = to_numpy(value)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} must have shape (N, T) with N, T ≥ 1, got {array.shape}")
    if tasks is not None and array.shape[1] != tasks:
        raise ValueError(f"{name} must have {tasks} columns, one per task, got shape {array.shape}")
    if array.dtype == bool:
        array = array.astype(np.int64)
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise TypeError(f"{name} must hold integers, got dtype {array.dtype}")
    whole = np.where(np.isfinite(array), array, -1).astype(np.int64)
    if np.any(whole != array):
        bad = array[whole != array].flat[0]
        raise ValueError(f"{name} must hold integers, got {bad!r}")
    return whole


def check_range(name: str, labels: NDArray[np.int64], classes: tuple[int, ...]) -> None:
    """Labels of task t lie in 0 … K_t − 1."""
    for t, k in enumerate(classes):
        outside = (labels[:, t] < 0) | (labels[:, t] >= k)
        if outside.any():
            row = int(np.argmax(outside))
            raise ValueError(
                f"{name}[{row}, {t}] = {labels[row, t]} is outside task {t}'s classes 0 … {k - 1}; "
                "labels count from 0, and classes=(K_1, …, K_T) may be given"
            )


def task_weights(value: Any, tasks: int) -> NDArray[np.float64]:
    """c^t > 0, one per task; None is all ones."""
    if value is None:
        return np.ones(tasks)
    array = to_numpy(value)
    if array.shape != (tasks,):
        raise ValueError(f"task_weights must have shape ({tasks},), one per task, got {array.shape}")
    return np.array([positive(f"task_weights[{t}]", c) for t, c in enumerate(array)])


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """A string among the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return str(value)


def smoothing(value: Any) -> float:
    """Label smoothing ε with 0 ≤ ε < 1."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"label_smoothing must be a number in [0, 1), got {value!r}") from None
    if not 0 <= number < 1:
        raise ValueError(f"label_smoothing must lie in [0, 1), got {value!r}")
    return number


def device(value: Any) -> torch.device:
    """A PyTorch device that is present."""
    try:
        place = torch.device(value)
    except (RuntimeError, TypeError):
        raise ValueError(f"device must name a PyTorch device, such as 'cpu' or 'cuda', got {value!r}") from None
    try:
        torch.empty(1, device=place).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"device={value!r} is not available here ({reason}); device='cpu' always is") from None
    return place
