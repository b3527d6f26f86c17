"""The problem of observed labels: Problem (3), or Problem (4) if every sample has a label in one task only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import ufm
from ufm_networks.observing.batch_labels import NONE, Int


def own_samples_each(labels: Int) -> bool:
    """Whether each task has its own samples: label tuples (m, T), −1 for no label."""
    return labels.shape[1] > 1 and bool(((labels != NONE).sum(axis=1) == 1).all())


def ordered_labels(labels: Int) -> Int:
    """(m,) the order of labels in a problem: lexicographic, or task by task if each has its own samples."""
    keys = list(labels.T[::-1])
    if own_samples_each(labels):
        keys.append((labels != NONE).argmax(axis=1))
    return np.lexsort(keys)


def label_problem(
    labels: Int, counts: Int, classes: Sequence[int], tasks: Sequence[str], **settings: Any
) -> ufm.SingleSource | ufm.MultiSource:
    """The problem of ordered label tuples (m, T) with samples of each (m,). Raises ValueError if a task has none."""
    for t, task in enumerate(tasks):
        if (labels[:, t] == NONE).all():
            raise ValueError(f"task {task!r} has no label in the whole loader; leave its head out")
    if not own_samples_each(labels):
        table = np.repeat(labels, counts, axis=0)
        return ufm.SingleSource.from_labels(table, classes=tuple(classes), missing=NONE, **settings)
    return ufm.MultiSource(class_counts(labels, counts, classes), **settings)


def class_counts(labels: Int, counts: Int, classes: Sequence[int]) -> list[Int]:
    """T arrays (K_t,): samples of each class."""
    each = []
    for t, k in enumerate(classes):
        there = labels[:, t] != NONE
        each.append(np.bincount(labels[there, t], weights=counts[there], minlength=k).astype(np.int64))
    return each
