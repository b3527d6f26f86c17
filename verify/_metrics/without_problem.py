"""The labels of a point as a problem, for metrics, which need no λ's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ufm.problems.multi_source import MultiSource
from ufm.problems.single_source import SingleSource
from ufm.support import validation
from verify.reading.form import MISSING
from verify.reading.point import read_array
from verify.reading.read import At, read

UNREAD = {"lambda_H": 1.0, "lambda_W": 1.0, "lambda_b": 0.0}  # no metric depends on them, and a free bias takes any b


def labelled_point(W: Any, H: Any, b: Any, labels: Any, classes: Any) -> At:
    """The point with a problem that has its labels, every task weight 1.

    W        list of T arrays (K_t, d); one array (K, d) is one task
    H        (d, N), or a list of T such arrays for tasks with samples of their own (Problem (4))
    b        list of T arrays (K_t,), or one as W is one; None is zero
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
    if isinstance(H, (list, tuple)) and len(H) and _axes(H[0]) == 2:
        problem: Any = MultiSource.from_labels(labels, classes, **UNREAD)
        return read(problem, W=W, H=H, b=b, labels=labels)
    rows = _rows(labels)
    missing = MISSING if (rows == MISSING).any() else None
    problem = SingleSource.from_labels(rows, classes, missing=missing, **UNREAD)
    return read(problem, W=W, H=H, b=b, labels=rows)


def _rows(labels: Any) -> Any:
    """(N, T) integers; a list of arrays (N,) has one per task, a list of lists one per sample."""
    if isinstance(labels, (list, tuple)) and len(labels) and all(_axes(y) == 1 for y in labels):
        columns = [validation.label_array(f"labels[{t}]", y) for t, y in enumerate(labels)]
        sizes = [len(y) for y in columns]
        if len(set(sizes)) > 1:
            raise ValueError(f"labels must have as many entries in every task, got {sizes}; −1 stands for no label")
        return np.concatenate(columns, axis=1)
    return validation.label_array("labels", labels)


def _axes(value: Any) -> int | None:
    """Of an array or tensor; None of anything else."""
    return getattr(value, "ndim", None)
