"""Samples with labels in the same tasks, apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.reading.form import Bool, Int
from verify.reading.point import Point
from verify.reading.samples import Samples


def labelled_alike(samples: Samples) -> list[Samples]:
    """One part for each set of tasks in which some samples, and no others of the part, have labels.

    Each part is a point of Problem (3) of these tasks and samples alone, without a missing label. Where every sample
    has all labels it is the whole, as given.
    """
    labelled = samples.form.labelled
    if labelled is None:
        return [samples]
    patterns, of_label = np.unique(labelled, axis=1, return_inverse=True)
    of_label = of_label.reshape(-1)
    return [_part(samples, np.flatnonzero(of_label == p), tasks) for p, tasks in enumerate(patterns.T) if tasks.any()]


def _part(samples: Samples, chosen: Int, tasks: Bool) -> Samples:
    """Of the chosen labels (numbers of the form's columns) and tasks (T,)."""
    form, point = samples.form, samples.point
    rows = np.repeat(tasks, form.classes)
    own = replace(
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
    number = np.full(len(form.counts), -1)
    number[chosen] = np.arange(len(chosen))
    columns = np.flatnonzero(number[point.index] >= 0)
    at = Point(point.W[rows], point.b[rows], point.H[:, columns], number[point.index[columns]], point.share[chosen])
    return Samples(own, at)
