"""One task's classes, known by sums over their samples."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from verify._metrics.class_statistics import EPSILON, ROUNDING, TaskClasses, classes_of_tasks
from verify.reading.form import Float
from verify.reading.samples import Samples


@dataclass(frozen=True)
class ClassesOfSums(TaskClasses):
    """As ``TaskClasses``, of one column μ_l for each label tuple.

    spread   (n,) Ave ‖h − μ_l‖² over the samples of each column
    scatter  (d, d) Ave (h − μ_l)(h − μ_l)ᵀ over all of the task, or None
    samples  how many these are
    """

    spread: Float
    scatter: Float | None
    samples: int

    @cached_property
    def size(self) -> float:
        """√Ave ‖h‖²."""
        squares = np.square(self.features[:, self.columns]).sum(axis=0) + self.spread
        return float(np.sqrt(squares @ self.weight))

    @property
    def negligible(self) -> float:
        """As ``TaskClasses``; a mean is a running one, with a rounding for every batch, of which there are ≤ n."""
        return (ROUNDING + self.samples * EPSILON) * self.size

    def within(self, means: Float, project: Float | None) -> Float:
        """(K',) Ave ‖P (h − μ_k)‖² = Ave ‖P (h − μ_l)‖² + Ave ‖P (μ_l − μ_k)‖²; with P the first is of all classes."""
        between = super().within(means, project)
        if project is None:
            return between + np.bincount(self.index, self.spread * self.weight, len(self.shares)) / self.shares
        assert self.scatter is not None
        return between + float(np.einsum("ij,jk,ik->", project, self.scatter, project, optimize=True))


def classes_of_sums(
    part: Samples, spread: Float, scatters: list[Float | None], samples: list[int]
) -> list[ClassesOfSums]:
    """The tasks of a form whose columns are label means; ``scatters`` and ``samples`` of each task."""
    return [
        ClassesOfSums(
            **{field.name: getattr(task, field.name) for field in fields(TaskClasses)},
            spread=spread[task.columns],
            scatter=scatter,
            samples=n,
        )
        for task, scatter, n in zip(classes_of_tasks((part,)), scatters, samples, strict=True)
    ]
