"""A point of any origin (a Solution, tensors, arrays, lists) as checked float64 arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ufm.support import validation
from verify.losses.tasks import stacked
from verify.reading.form import Float, Int, Problem, require_problem
from verify.reading.label_index import label_index
from verify.reading.label_sums import label_means
from verify.reading.sources import label_sets, numbered, own_features

LARGEST = 1e75  # fourth powers of it are floats


@dataclass(frozen=True)
class Point:
    """The variables of one form: d features wide, n columns.

    W      (R, d) stacked heads     b  (R,)     H  (d, n)
    index  (n,) the column of the form (label number) each column of H belongs to
    share  (m,) columns of H per label: a label seen n_l times whose feature has m_l columns gives each n_l / m_l
    """

    W: Float
    b: Float
    H: Float
    index: Int
    share: Int

    @cached_property
    def collapsed(self) -> bool:
        """Whether H has one column per label, in the labels' order."""
        return len(self.index) == len(self.share) and bool((self.index == np.arange(len(self.share))).all())

    @cached_property
    def means(self) -> Float:
        """(d, m) mean of the columns of H over each label."""
        return self.H if self.collapsed else label_means(self.H, self.index, self.share)


def read_point(problem: Problem, solution: Any, W: Any, H: Any, b: Any, labels: Any) -> tuple[Point, ...]:
    """One Point per form of the problem, from a solution or from W=, H=, b=, labels=.

    W       list of T arrays (K_t, d)
    H       (d, columns); MultiSource: list of T such arrays
    b       list of T arrays (K_t,); None, for all or as an entry, means zero: heads without bias, the only kind under
            λ_b = None
    labels  (columns, T) the label tuple of each column of H, in any order, repeats allowed, −1 for no label;
            MultiSource: list of T arrays (columns_t,) or (columns_t, 1); MultiLabel: (columns, K) 0/1 indicators of its
            label set; soft labels and regression: (columns, 1) numbers of the problem's targets. Default:
            problem.labels

    Raises TypeError or ValueError, naming the field, before any work.
    """
    require_problem(problem)
    if solution is not None:
        W, H, b, labels = _fields(solution, W=W, H=H, b=b, labels=labels)
    for name, value in (("W", W), ("H", H)):
        if value is None:
            raise ValueError(f"{name} is missing; give a solution, or both W= and H=")
    heads, biases = read_heads(problem, W, b)
    default = labels is None or labels is problem.labels
    if default:
        labels = problem.labels
    if not own_features(problem):
        sizes = (len(problem.counts),) if numbered(problem) else problem.classes
        sets = label_sets(problem)
        W, b = stacked(heads), stacked(biases)
        return (_point("H", W, b, H, "labels", labels, problem.labels, sizes, default, sets),)
    tasks = len(problem.classes)
    parts = zip(heads, biases, _list("H", H, tasks), _list("labels", labels, tasks), problem.labels, strict=True)
    return tuple(
        _point(f"H[{t}]", w, v, h, f"labels[{t}]", y, distinct, problem.classes[t : t + 1], default)
        for t, (w, v, h, y, distinct) in enumerate(parts)
    )


def _fields(solution: Any, **given: Any) -> tuple[Any, Any, Any, Any]:
    """W, H, b, labels of a solution; no array may be given besides."""
    beside = [name for name, value in given.items() if value is not None]
    if beside:
        raise ValueError(f"give a solution or W= and H=, not both; got a solution and {', '.join(beside)}")
    missing = [name for name in ("W", "H") if not hasattr(solution, name)]
    if missing:
        raise TypeError(
            f"solution must have W and H, like ufm.solve's; {type(solution).__name__} lacks "
            f"{' and '.join(missing)}. Pass arrays by name: W=, H=, b=, labels="
        )
    return solution.W, solution.H, getattr(solution, "b", None), getattr(solution, "labels", None)


def _point(
    name: str,
    W: Float,
    b: Float,
    H: Any,
    label_name: str,
    labels: Any,
    distinct: Int,
    classes: tuple[int, ...],
    default: bool,
    indicators: bool = False,
) -> Point:
    features = read_array(name, H, 2)
    rows, columns = features.shape
    if rows != W.shape[1]:
        hint = ", so pass its transpose" if columns == W.shape[1] else ""
        raise ValueError(
            f"{name} has {rows} rows but the heads have {W.shape[1]} columns: both are the feature dimension d, "
            f"and {name} is (d, columns){hint}"
        )
    index = label_index(label_name, labels, distinct, classes, name, columns, default=default, indicators=indicators)
    return Point(W, b, features, index, np.bincount(index, minlength=len(distinct)))


def read_heads(problem: Problem, W: Any, b: Any) -> tuple[list[Float], list[Float]]:
    """T arrays (K_t, d) and T arrays (K_t,), checked as ``read_point`` does."""
    return _heads(problem, W), _biases(problem, b)


def _heads(problem: Problem, W: Any) -> list[Float]:
    heads = [read_array(f"W[{t}]", w, 2) for t, w in enumerate(_list("W", W, len(problem.classes)))]
    dim = heads[0].shape[1]
    for t, (w, k) in enumerate(zip(heads, problem.classes, strict=True)):
        if w.shape != (k, dim) or dim == 0:
            wanted = f"({k}, d)" if t == 0 else f"({k}, {dim})"
            raise ValueError(f"W[{t}] must have shape {wanted}, (K_t, d), got {w.shape}")
    return heads


def _biases(problem: Problem, b: Any) -> list[Float]:
    if b is None:
        return [np.zeros(k) for k in problem.classes]
    given = _list("b", b, len(problem.classes))
    biases = [
        np.zeros(k) if v is None else read_array(f"b[{t}]", v, 1)
        for t, (v, k) in enumerate(zip(given, problem.classes, strict=True))
    ]
    for t, (v, k) in enumerate(zip(biases, problem.classes, strict=True)):
        if v.shape != (k,):
            raise ValueError(f"b[{t}] must have shape ({k},), (K_t,), got {v.shape}")
        if problem.lambda_b is None and v.any():
            raise ValueError(
                f"b[{t}] has an entry of {v[np.argmax(np.abs(v))]:g}, and the problem has no bias (lambda_b=None); "
                "leave b out, or state the problem with lambda_b=0, a free bias"
            )
    return biases


def _list(name: str, value: Any, tasks: int) -> list[Any]:
    """T entries, one per task; also accepts a stacked array with T along its first axis."""
    wanted = f"{name} must be a list of {tasks} arrays, one per task"
    if hasattr(value, "detach"):
        value = validation.to_numpy(value)
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise TypeError(f"{wanted}, got {type(value).__name__}")
    entries = list(np.atleast_1d(value)) if isinstance(value, np.ndarray) else list(value)
    if len(entries) != tasks:
        raise ValueError(f"{wanted}, got {len(entries)}")
    return entries


def read_array(name: str, value: Any, axes: int) -> Float:
    """A finite real array with the given number of axes."""
    try:
        array = validation.to_numpy(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is not an array of numbers: {error}") from None
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != axes:
        shape = "(rows, columns)" if axes == 2 else "(K_t,)"
        raise ValueError(f"{name} must have {axes} axes {shape}, got shape {array.shape}")
    numbers = np.ascontiguousarray(array, dtype=np.float64)
    largest = max(numbers.max(initial=0.0), -numbers.min(initial=0.0))  # NaN if one is, and no copy as |numbers| is
    if not np.isfinite(largest):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        raise ValueError(f"{name}{list(place)} = {numbers[place]} is not finite; every entry must be")
    if largest > LARGEST:
        raise ValueError(f"{name} has an entry of {largest:.3g}; beyond {LARGEST:g} squares overflow")
    return numbers
