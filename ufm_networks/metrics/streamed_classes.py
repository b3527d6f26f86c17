"""Classes of tasks as ``verify`` reads them, from the mean and spread of every label in place of the samples."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from ufm_networks.metrics.classes_of_means import ClassesOfMeans
from verify._metrics.class_statistics import EPSILON, ROUNDING, TaskClasses, classes_of_tasks
from verify.reading.form import Float, Int
from verify.reading.label_sums import BLOCK
from verify.reading.samples import Samples


@dataclass(frozen=True)
class StreamedClasses(ClassesOfMeans):
    """``ClassesOfMeans`` of a first pass.

    label_class  (m,) which of the K' classes each label of the form is of, or −1
    """

    label_class: Int

    @property
    def negligible(self) -> float:
        """As of the samples themselves."""
        return (ROUNDING + (1 + self.samples * len(self.features) / BLOCK) * EPSILON) * self.size

    @cached_property
    def spreads(self) -> Float:
        """(K',) Ave ‖h − μ_k‖² over the samples of each class."""
        return self.about(self.means)


def streamed_classes(parts: tuple[Samples, ...], spread: list[Float]) -> tuple[tuple[StreamedClasses, ...], ...]:
    """For each form its tasks: label means with the spread (m,) of each."""
    return tuple(
        tuple(_streamed(task, part, own) for task in classes_of_tasks((part,)))
        for part, own in zip(parts, spread, strict=True)
    )


def _streamed(task: TaskClasses, part: Samples, spread: Float) -> StreamedClasses:
    given = {field.name: getattr(task, field.name) for field in fields(task)}
    counts = part.form.counts[task.columns]
    label_class = np.full(len(part.form.counts), -1)
    label_class[task.columns] = task.index
    return StreamedClasses(
        **given, label_spread=spread[task.columns], samples=int(counts.sum()), label_class=label_class
    )
