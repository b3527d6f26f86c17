"""Checks shared by all constructors and solvers; errors name the field, its value and valid values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ufm.support.nearest_name import nearest

MAX_COLUMNS = 10_000_000  # label tuples; beyond it even one integer row per tuple is gigabytes
MAX_CLASSES = 10_000_000  # of one task, likewise
MAX_SAMPLES = 2**53  # float64 counts exactly up to here
MAX_SEED = 2**64 - 1


def to_numpy(value: Any) -> NDArray[Any]:
    """A NumPy array of a tensor (any device), list or array; the only place where tensors become arrays."""
    if isinstance(value, torch.Tensor):
        if value.is_meta:
            raise TypeError("a tensor on the meta device holds no numbers")
        tensor = value.float() if value.dtype == torch.bfloat16 else value
        return np.asarray(tensor.numpy(force=True))
    if isinstance(value, (list, tuple)) and any(isinstance(entry, torch.Tensor) for entry in value):
        return np.asarray([to_numpy(entry) for entry in value])
    return np.asarray(value)


def full_array(name: str, value: Any) -> NDArray[Any]:
    """``to_numpy`` with errors that name the field."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; fill it first, since the meaning of the mask is not known here")
    try:
        return to_numpy(value)
    except (TypeError, RuntimeError) as error:  # a meta tensor; a list of tensors that require a gradient
        raise TypeError(f"{name} cannot become an array: {error}") from None
    except ValueError:
        raise ValueError(f"{name} must be a full array, all rows of equal length, got {value!r}") from None


def whole_array(name: str, value: Any) -> NDArray[np.int64]:
    """An int64 array; integral floats are accepted as far as their format represents every integer."""
    array = full_array(name, value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold integers, got dtype {array.dtype}")
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]}")
        if np.any(array != np.floor(array)):
            raise ValueError(f"{name} must hold integers, got {array[array != np.floor(array)].flat[0]}")
        bfloat16 = isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16
        exact = 2**8 if bfloat16 else min(2 ** (np.finfo(array.dtype).nmant + 1), MAX_SAMPLES)
        beyond = np.abs(array) > exact
        if beyond.any():
            raise ValueError(
                f"{name} holds {array[beyond].flat[0]:.17g}, but {'bfloat16' if bfloat16 else array.dtype} tells whole "
                f"numbers apart only up to {exact:,}; give an integer array"
            )
    elif array.dtype == np.uint64 and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must be at most 2^63 - 1, got {array.max()}")
    return array.astype(np.int64)


def real_number(value: Any) -> float | None:
    """The float of a number, NumPy scalar, or array or tensor of one number; None for anything else, bool included."""
    if isinstance(value, (np.ndarray, torch.Tensor)) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def positive(name: str, value: Any, usual: float | None = None) -> float:
    """A finite number > 0 (λ's, task weights, tolerances)."""
    number = real_number(value)
    if number is None:
        raise TypeError(f"{name} must be a number > 0, got {value!r}")
    if not math.isfinite(number) or number <= 0:
        advice = "" if usual is None else f"; {name}={usual:g} is a usual choice"
        raise ValueError(f"{name} must be finite and > 0, got {value!r}{advice}")
    return number


def bias_penalty(name: str, value: Any) -> float | None:
    """λ_b: a finite number > 0, or 0 for a free bias, or None for no bias."""
    number = real_number(value)
    meanings = "0 leaves the bias free, None means no bias"
    if value is None:
        return None
    if number is None:
        raise TypeError(f"{name} must be a number ≥ 0 or None, got {value!r}; {meanings}")
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{name} must be finite and ≥ 0, or None, got {value!r}; {meanings}")
    return abs(number)


def real_rows(name: str, value: Any) -> NDArray[np.float64]:
    """(n, K) finite real numbers; a vector (n,) is K = 1."""
    array = full_array(name, value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim not in (1, 2) or 0 in array.shape:
        raise ValueError(f"{name} must have shape (N, K) with N, K ≥ 1, got {array.shape}")
    rows = array.astype(np.float64).reshape(len(array), -1)
    wrong = ~np.isfinite(rows)
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        raise ValueError(f"{name}[{row}, {column}] = {rows[row, column]} is not finite; leave such samples out")
    rows += 0.0  # -0.0 and 0.0 are one target
    return rows


def whole_number(name: str, value: Any, least: int, most: int = MAX_SEED) -> int:
    """An integer ≥ least; 3.0 is accepted, 3.5 and True are not."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be an integer ≥ {least}, got {value!r}")
    fractional = not isinstance(value, (int, np.integer)) and (not math.isfinite(value) or value != int(value))
    if fractional or value < least:
        raise ValueError(f"{name} must be an integer ≥ {least}, got {value!r}")
    if int(value) > most:
        raise ValueError(f"{name} must be at most {most:,}, got {value!r}")
    return int(value)


def class_numbers(name: str, value: Any, least: int = 2) -> tuple[int, ...]:
    """(K_1, …, K_T), each ≥ 2; real targets may have one output."""
    if not is_list(value):
        raise TypeError(f"{name} must be a sequence (K_1, …, K_T) of class numbers, got {value!r}")
    return tuple(whole_number(f"{name}[{t}]", k, least, MAX_CLASSES) for t, k in enumerate(value))


def is_list(value: Any) -> bool:
    """Whether a value is a sequence or array with at least one entry, strings aside."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0 and len(value) > 0
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and len(value) > 0


def check_columns(what: str, columns: int, advice: str) -> None:
    """Raises ValueError if there are too many label tuples to write out one by one."""
    if columns > MAX_COLUMNS:
        raise ValueError(f"{what} has {columns:.3g} label tuples, more than {MAX_COLUMNS:,}; {advice}")


def check_samples(name: str, total: int) -> None:
    """Raises ValueError if float64 cannot distinguish N from N + 1."""
    if total > MAX_SAMPLES:
        raise ValueError(f"{name} makes {total:,} samples, more than 2^53, beyond which float64 does not count exactly")


def count_array(name: str, value: Any) -> NDArray[np.int64]:
    """An integer array ≥ 0 with at least one sample; integral floats are accepted."""
    if np.size(full_array(name, value)) == 0:
        raise ValueError(f"{name} is empty (shape {np.shape(value)}); it needs one count per label")
    whole = whole_array(name, value)
    if np.any(whole < 0):
        raise ValueError(f"{name} must be ≥ 0, got {whole[whole < 0].flat[0]}")
    if not np.any(whole):
        raise ValueError(f"{name} sums to 0; a problem needs at least one sample")
    # a float sum has no overflow to hide behind
    check_samples(name, int(whole.sum()) if whole.sum(dtype=np.float64) < 2.0**62 else 2**62)
    return whole


def label_array(name: str, value: Any, tasks: int | None = None) -> NDArray[np.int64]:
    """Integer labels (N, T), classes counted from 0; a vector (N,) is one task."""
    array = full_array(name, value)
    if array.dtype == np.int64 and array.ndim == 2 and array.size and array.shape[1] == tasks:
        return array.copy()
    shape = array.shape
    if len(shape) not in (1, 2) or 0 in shape:
        raise ValueError(f"{name} must have shape (N, T) with N, T ≥ 1, got {shape}")
    columns = shape[1] if len(shape) == 2 else 1
    if tasks is not None and columns != tasks:
        raise ValueError(f"{name} must have {tasks} columns, one per task, got shape {shape}")
    return whole_array(name, array.astype(np.int64) if array.dtype == bool else value).reshape(shape[0], columns)


COUNTED = "labels count from 0, and classes=(K_1, …, K_T) may be given"


def check_range(
    name: str, labels: NDArray[np.int64], classes: tuple[int, ...], least: int = 0, advice: str = COUNTED
) -> None:
    """Raises ValueError unless labels of task t lie in ``least`` … K_t − 1; −1 stands for no label."""
    if labels.size and labels.min() >= least and labels.max() < min(classes):
        return
    for t, k in enumerate(classes):
        outside = (labels[:, t] < least) | (labels[:, t] >= k)
        if outside.any():
            row = int(np.argmax(outside))
            raise ValueError(
                f"{name}[{row}, {t}] = {labels[row, t]} is outside task {t}'s classes 0 … {k - 1}; {advice}"
            )


def task_weights(value: Any, tasks: int) -> NDArray[np.float64]:
    """c^t > 0, one per task; None is all ones."""
    if value is None:
        return np.ones(tasks)
    array = full_array("task_weights", value)
    if array.shape != (tasks,):
        raise ValueError(f"task_weights must have shape ({tasks},), one per task, got {array.shape}")
    return np.array([positive(f"task_weights[{t}]", c) for t, c in enumerate(array.tolist())])


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """A string among the choices."""
    if not isinstance(value, str) or value not in choices:
        near = nearest(value, choices) if isinstance(value, str) else None
        meant = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}{meant}")
    return str(value)


def smoothing(value: Any) -> float:
    """Label smoothing ε with 0 ≤ ε < 1."""
    number = real_number(value)
    if number is None:
        raise TypeError(f"label_smoothing must be a number in [0, 1), got {value!r}")
    if not 0 <= number < 1:
        raise ValueError(f"label_smoothing must lie in [0, 1), got {value!r}")
    return number


def device(value: Any) -> torch.device:
    """A PyTorch device that is available."""
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
