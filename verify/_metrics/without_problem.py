"""The labels of a point as a problem, for metrics, which do not depend on λ's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ufm.support import validation
from verify.reading.form import MISSING, Float, Int, Source
from verify.reading.point import read_array
from verify.reading.read import At, read


@dataclass
class Labelled:
    """The public fields of Problem (3) or (4) with these labels. No metric depends on λ's; a free bias takes any b."""

    source: Source
    classes: tuple[int, ...]
    labels: Any
    counts: Any
    task_weights: Float
    lambda_H: float = 1.0
    lambda_W: float = 1.0
    lambda_b: float | None = 0.0
    reduction: Literal["sum", "mean"] = "sum"
    label_smoothing: float = 0.0


def labelled_point(W: Any, H: Any, b: Any, labels: Any, classes: Any) -> At:
    """The point with a problem that has its labels, every task weight 1.

    W        list of T arrays (K_t, d); one array (K, d) is one task
    H        (d, N), or a list of T such arrays if each task has its own samples (Problem (4))
    b        list of T arrays (K_t,), or one array (K,); None is zero
    labels   (N, T), or a list of T arrays (N,), −1 where a sample has no label; one vector (N,) is one task. Of Problem
             (4) a list of T arrays (N_t,), all labelled
    classes  (K_1, …, K_T), by default the rows of the heads

    Raises TypeError or ValueError naming the field.
    """
    for name, value in (("W", W), ("H", H), ("labels", labels)):
        if value is None:
            raise ValueError(f"{name} is missing; without a problem metrics need W=, H= and labels=")
    if _axes(W) == 2 and not isinstance(W, (list, tuple)):
        W, b = [W], b if b is None or isinstance(b, (list, tuple)) else [b]
    if not isinstance(W, (list, tuple)) and _axes(W) != 3:
        raise TypeError(f"W must be a list of T arrays (K_t, d), one per task, got {type(W).__name__}")
    if classes is None:
        classes = [len(read_array(f"W[{t}]", w, 2)) for t, w in enumerate(W)]
    sizes = validation.class_numbers("classes", classes)
    if isinstance(H, (list, tuple)) and len(H) and _axes(H[0]) == 2:
        given = labels if isinstance(labels, (list, tuple)) else [labels]
        parts = [
            _checked(f"labels[{t}]", validation.label_array(f"labels[{t}]", y, 1), sizes[t : t + 1])
            for t, y in enumerate(given)
        ]
        if len(parts) != len(sizes):
            raise ValueError(f"labels must be {len(sizes)} arrays (N_t,), one per task, got {len(parts)}")
        distinct, counts = zip(*(_counted(part) for part in parts), strict=True)
        return read(Labelled("multi", sizes, distinct, counts, np.ones(len(sizes))), W=W, H=H, b=b, labels=parts)
    rows = _checked("labels", _rows(labels), sizes, MISSING)
    return read(Labelled("single", sizes, *_counted(rows), np.ones(len(sizes))), W=W, H=H, b=b, labels=rows)


def _checked(name: str, labels: Int, classes: tuple[int, ...], least: int = 0) -> Int:
    """(N, T) labels of these classes; every task and every sample has one."""
    if labels.shape[1] != len(classes):
        raise ValueError(f"{name} must have {len(classes)} columns, one per head, got shape {labels.shape}")
    validation.check_range(name, labels, classes, least)
    present = labels != MISSING
    for axis, what in ((0, "task"), (1, "sample")):
        if not present.any(axis=axis).all():
            number = int(np.argmin(present.any(axis=axis)))
            raise ValueError(f"{name}: {what} {number} has no label at all; leave it out")
    return labels


def _counted(labels: Int) -> tuple[Int, Int]:
    """The label tuples that occur (m, T) in lexicographic order, and the samples of each."""
    distinct, counts = np.unique(labels, axis=0, return_counts=True)
    return distinct, np.asarray(counts, dtype=np.int64)


def _rows(labels: Any) -> Int:
    """(N, T) integers; a list of arrays (N,) has one per task, a list of lists one per sample."""
    if isinstance(labels, (list, tuple)) and len(labels) and all(_axes(y) == 1 for y in labels):
        columns = [validation.label_array(f"labels[{t}]", y) for t, y in enumerate(labels)]
        sizes = [len(y) for y in columns]
        if len(set(sizes)) > 1:
            raise ValueError(f"labels must have as many entries in every task, got {sizes}; −1 stands for no label")
        return np.concatenate(columns, axis=1)
    return validation.label_array("labels", labels)


def _axes(value: Any) -> int | None:
    """The number of axes of an array or tensor; None for anything else."""
    return getattr(value, "ndim", None)
