"""One task's classes where columns are label means, each with the spread of its samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from verify._metrics.class_statistics import TaskClasses
from verify.reading.form import Float


@dataclass(frozen=True)
class ClassesOfMeans(TaskClasses):
    """``TaskClasses`` whose columns of H are label means μ_l, each for all n_l samples of its label.

        Ave_{i of k} ‖h_i − x‖² = Ave_{l of k} (‖μ_l − x‖² + spread_l)

    label_spread  (n,) mean ‖h − μ_l‖² of each column; samples, how many have a label in the task
    """

    label_spread: Float
    samples: int

    @cached_property
    def size(self) -> float:
        """√Ave ‖h‖²."""
        squares = np.square(self.features[:, self.columns]).sum(axis=0) + self.label_spread
        return float(np.sqrt(squares @ self.weight))

    def about(self, points: Float) -> Float:
        """(K',) Ave ‖h − x_k‖² over the samples of each class, of a point x_k (d, K') for each."""
        spread = np.bincount(self.index, self.weight * self.label_spread, len(self.shares)) / self.shares
        return np.asarray(TaskClasses.within(self, points, None) + spread)
