"""Labels from a loader, in any of its formats, as one table (n, T) with −1 for no label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ufm.support import validation
from ufm.support.nearest_name import unknown_name

NONE = -1
Int = NDArray[np.int64]


def label_table(labels: Any, tasks: Sequence[str], classes: Sequence[int], missing: int, where: str) -> Int:
    """(n, T) classes from 0, or −1 where a task has no label.

    labels   (n, T), or (n,) of one task; a list of T vectors (n,); or a dict of such vectors by task, in which a task
             that is absent has no label
    missing  the integer that stands for no label
    where    "batch 3", for errors

    Raises ValueError or TypeError naming batch, sample and task: for labels of another shape, not integers, or out of
    range, and for a sample without any.
    """
    table = _columns(labels, tasks, missing, where)
    absent = table == missing
    table = np.where(absent, NONE, table)
    outside = ~absent & ((table < 0) | (table >= np.asarray(classes)))
    if outside.any():
        i, t = np.argwhere(outside)[0].tolist()
        raise ValueError(
            f"{where}: sample {i} has label {table[i, t]} of task {tasks[t]!r}, whose head has classes 0 … "
            f"{classes[t] - 1}; if it stands for no label, pass missing={table[i, t]}"
        )
    if (alone := absent.all(axis=1)).any():
        raise ValueError(
            f"{where}: sample {int(np.argmax(alone))} has no label in any task, so no place in the model; leave such "
            "samples out, with unpack= or in the data set"
        )
    return table


def _columns(labels: Any, tasks: Sequence[str], missing: int, where: str) -> Int:
    if isinstance(labels, Mapping):
        for name in labels:
            if name not in tasks:
                raise unknown_name(f"{where}: labels of task", name, tasks)
        if not labels:
            raise ValueError(f"{where}: labels are an empty dict; name a task of {', '.join(tasks)}")
        given = {name: _vector(f"{where}: labels[{name!r}]", value) for name, value in labels.items()}
        lengths = {len(column) for column in given.values()}
        if len(lengths) > 1:
            raise ValueError(f"{where}: the tasks have {sorted(lengths)} labels; each needs one a sample")
        none = np.full(lengths.pop(), missing, dtype=np.int64)
        return np.stack([given.get(name, none) for name in tasks], axis=1)
    if isinstance(labels, (list, tuple)) and any(isinstance(part, (torch.Tensor, np.ndarray)) for part in labels):
        if len(labels) != len(tasks):
            raise ValueError(f"{where}: labels are a list of {len(labels)}; heads name {len(tasks)} tasks")
        columns = [_vector(f"{where}: labels[{t}]", part) for t, part in enumerate(labels)]
        if len({len(column) for column in columns}) > 1:
            raise ValueError(f"{where}: the tasks have {[len(c) for c in columns]} labels; each needs one a sample")
        return np.stack(columns, axis=1)
    table = validation.whole_array(f"{where}: labels", labels)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or table.shape[1] != len(tasks):
        raise ValueError(
            f"{where}: labels have shape {table.shape}; heads name {len(tasks)} tasks, so it must be (n, {len(tasks)})"
            + (" or (n,)" if len(tasks) == 1 else f", a list of {len(tasks)} vectors or a dict by task")
        )
    return table


def _vector(name: str, value: Any) -> Int:
    column = validation.whole_array(name, value)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"{name} has shape {column.shape}; a task has one label a sample, (n,)")
    return column
