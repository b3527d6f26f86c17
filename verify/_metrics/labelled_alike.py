"""Separates samples by the tasks in which they have labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.reading.form import Bool, Form, Int
from verify.reading.point import Point
from verify.reading.samples import Samples


def labelled_alike(samples: Samples) -> list[Samples]:
    """One part for each set of tasks that are exactly the labelled ones of some samples.

    Each part is a point of Problem (3) with these tasks and samples only, without missing labels. If every sample has
    all labels, it is the whole point, as given.
    """
    form, point = samples.form, samples.point
    if form.labelled is None:
        return [samples]
    parts = []
    for chosen, tasks in patterns(form):
        number = np.full(len(form.counts), -1)
        number[chosen] = np.arange(len(chosen))
        columns = np.flatnonzero(number[point.index] >= 0)
        rows, index = np.repeat(tasks, form.classes), number[point.index[columns]]
        at = Point(point.W[rows], point.b[rows], point.H[:, columns], index, point.share[chosen])
        parts.append(Samples(narrowed(form, chosen, tasks), at))
    return parts


def patterns(form: Form) -> list[tuple[Int, Bool]]:
    """The form's columns by the tasks in which they have labels: numbers of columns, and those tasks (T,)."""
    if form.labelled is None:
        return [(np.arange(len(form.counts)), np.ones(len(form.classes), dtype=np.bool_))]
    distinct, of_column = np.unique(form.labelled, axis=1, return_inverse=True)
    pairs = ((np.flatnonzero(of_column.reshape(-1) == p), tasks) for p, tasks in enumerate(distinct.T))
    return [(chosen, tasks) for chosen, tasks in pairs if tasks.any()]


def narrowed(form: Form, chosen: Int, tasks: Bool) -> Form:
    """The form of chosen columns in tasks (T,) in which all of them have labels."""
    rows = np.repeat(tasks, form.classes)
    return replace(
        form,
        classes=tuple(k for k, present in zip(form.classes, tasks, strict=True) if present),
        labels=form.labels[np.ix_(chosen, np.flatnonzero(tasks))],
        indicators=form.indicators[rows][:, chosen],
        counts=form.counts[chosen],
        targets=form.targets[rows][:, chosen],
        loss_weight=form.loss_weight[chosen],
        feature_weight=form.feature_weight[chosen],
        task_weights=form.task_weights[tasks],
        losses=tuple(loss for loss, present in zip(form.losses, tasks, strict=True) if present),
        labelled=None,
    )
