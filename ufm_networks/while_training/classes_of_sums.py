"""One task's classes, known by sums over their samples."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ufm_networks.metrics.classes_of_means import ClassesOfMeans
from verify._metrics.class_statistics import EPSILON, ROUNDING, TaskClasses, classes_of_tasks
from verify.reading.form import Float
from verify.reading.samples import Samples


@dataclass(frozen=True)
class ClassesOfSums(ClassesOfMeans):
    """``ClassesOfMeans`` of running sums.

    scatter  (d, d) Ave (h − μ_l)(h − μ_l)ᵀ over all of the task, or None
    """

    scatter: Float | None

    @property
    def negligible(self) -> float:
        """As ``TaskClasses``; a mean is a running one, with a rounding for every batch, of which there are ≤ n."""
        return (ROUNDING + self.samples * EPSILON) * self.size

    def within(self, means: Float, project: Float | None) -> Float:
        """(K',) Ave ‖P (h − μ_k)‖² = Ave ‖P (h − μ_l)‖² + Ave ‖P (μ_l − μ_k)‖²; with P the first is of all classes."""
        if project is None:
            return self.about(means)
        assert self.scatter is not None
        return super().within(means, project) + float(
            np.einsum("ij,jk,ik->", project, self.scatter, project, optimize=True)
        )


def classes_of_sums(
    part: Samples, spread: Float, scatters: list[Float | None], samples: list[int]
) -> list[ClassesOfSums]:
    """The tasks of a form whose columns are label means; ``scatters`` and ``samples`` of each task."""
    return [
        ClassesOfSums(
            **{field.name: getattr(task, field.name) for field in fields(TaskClasses)},
            label_spread=spread[task.columns],
            scatter=scatter,
            samples=n,
        )
        for task, scatter, n in zip(classes_of_tasks((part,)), scatters, samples, strict=True)
    ]
