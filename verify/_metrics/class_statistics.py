"""Features of one task's classes: means, spread about them, and what rounding leaves undetermined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from verify._metrics.measured import Undefined
from verify.reading.form import Float, Form, Int
from verify.reading.label_sums import BLOCK, add_by_label, column_blocks
from verify.reading.samples import Samples

EPSILON = float(np.finfo(np.float64).eps)
ROUNDING = 64 * EPSILON  # of what a block's mean was summed from, pairwise


@dataclass(frozen=True)
class TaskClasses:
    """The samples that have a label in one task, by their class; K' classes occur.

    form     of the task alone, whose labels (K', 1) are the classes that occur
    W, b     (K, d) and (K,), the task's head
    H        (d, n) features of the samples, columns of the whole point's H at ``columns``
    index    (n,) which of the K' classes each is of
    weight   (n,) the fraction of these samples that each column stands for
    alone    whether the task is the only one on its features
    """

    form: Form
    W: Float
    b: Float
    features: Float
    columns: Int
    index: Int
    weight: Float
    alone: bool

    @cached_property
    def shares(self) -> Float:
        """(K',) p_k, the fraction of samples of each class."""
        return np.asarray(np.bincount(self.index, self.weight, len(self.form.labels)), dtype=np.float64)

    @cached_property
    def means(self) -> Float:
        """(d, K') μ_k, the mean of the samples of each class."""
        total = np.zeros((len(self.features), len(self.shares)))
        for block in column_blocks(self.index, len(self.features)):
            add_by_label(total, self.features[:, self.columns[block]] * self.weight[block], self.index[block])
        return total / self.shares

    @cached_property
    def centre(self) -> Float:
        """(d,) μ_G, the mean of the samples."""
        return np.asarray(self.means @ self.shares)

    @cached_property
    def centred(self) -> Float:
        """(d, K') μ_k − μ_G."""
        return self.means - self.centre[:, None]

    @cached_property
    def spreads(self) -> Float:
        """(K',) Ave ‖h − μ_k‖² over the samples of each class."""
        return self.within(self.means, None)

    @cached_property
    def size(self) -> float:
        """√Ave ‖h‖²."""
        total = 0.0
        for block in column_blocks(self.index, len(self.features)):
            total += float(np.square(self.features[:, self.columns[block]]).sum(axis=0) @ self.weight[block])
        return float(np.sqrt(total))

    @property
    def negligible(self) -> float:
        """δ with √(Σ_k p_k ‖error of μ_k‖²) ≤ δ, and the error of μ_G ≤ δ: a length that rounding makes of nothing.

        μ_k is a sum of weights times h, pairwise within a block of columns and one by one over blocks: its error is at
        most (ROUNDING / ε + blocks) ε times Ave ‖h‖ over the class, whose root mean square over classes is at most
        √Ave ‖h‖².
        """
        blocks = 1 + self.columns.size * len(self.features) / BLOCK
        return (ROUNDING + blocks * EPSILON) * self.size

    @property
    def cutoff(self) -> float:
        """What rounding may make of a singular value of B = [√p_k (μ_k − μ_G)] that is zero.

        By Weyl at most the error of B in norm: 2 δ of the means and of μ_G, and √K' δ of the decomposition, which is
        backward stable, ‖B‖ being at most √Ave ‖h‖².
        """
        return (2.0 + float(np.sqrt(len(self.shares)))) * self.negligible

    def within(self, means: Float, project: Float | None) -> Float:
        """(K',) Ave ‖P (h − μ_k)‖² over the samples of each class, P (r, d), or the identity."""
        total = np.zeros((1, len(self.shares)))
        for block in column_blocks(self.index, len(self.features)):
            deviation = self.features[:, self.columns[block]] - means[:, self.index[block]]
            if project is not None:
                deviation = project @ deviation
            squares = np.square(deviation).sum(axis=0)
            add_by_label(total, (squares * self.weight[block])[None], self.index[block])
        return np.asarray(total[0] / self.shares)

    def require_two(self) -> None:
        """``Undefined`` where a single class has samples."""
        if len(self.shares) < 2:
            raise Undefined("a task has samples of one class only")


def classes_of_tasks(parts: tuple[Samples, ...]) -> tuple[TaskClasses, ...]:
    """One for each task of classes; a sample is left out in a task where it has no label."""
    return tuple(_of_task(part, t) for part in parts for t in range(len(part.form.classes)))


def _of_task(part: Samples, t: int) -> TaskClasses:
    form, point = part.form, part.point
    label = form.labels[:, t][point.index]
    columns = np.flatnonzero(label >= 0)
    present, index = np.unique(label[columns], return_inverse=True)
    weight = part.weight[columns]
    rows = form.blocks[t]
    alone = replace(form, classes=form.classes[t : t + 1], labels=present[:, None])
    at = index.reshape(-1), weight / weight.sum(), len(form.classes) == 1
    return TaskClasses(alone, point.W[rows], point.b[rows], point.H, columns, *at)
