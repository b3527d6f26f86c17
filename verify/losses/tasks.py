"""The input of a loss for dual points: the targets of consecutive tasks that share it, all columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


def task_rows(classes: tuple[int, ...]) -> list[slice]:
    """Rows of each task, stacked in order."""
    return [slice(end - k, end) for end, k in zip(accumulate(classes), classes, strict=True)]


def stacked(parts: list[Float]) -> Float:
    """Parts below each other; a single one as it is."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def sums_of_tasks(rows: Float, classes: tuple[int, ...]) -> Float:
    """(T, m) sums over each task's rows of (R, m)."""
    tasks, K = len(classes), classes[0]
    if classes == (K,) * tasks:
        return np.asarray(np.add.reduce(rows.reshape(tasks, K, rows.shape[1]), axis=1))
    sums = np.empty((tasks, rows.shape[1]))
    for block, total in zip(task_rows(classes), sums, strict=True):
        np.add.reduce(rows[block], axis=0, out=total)
    return sums


@dataclass(frozen=True)
class Tasks:
    """T' tasks with R' rows together, and m columns.

    classes    (K_1, …, K_T')
    targets    (R', m)  y; 0 in the block of a column that has no label there
    tops       (T', m)  the row of a largest target in each block
    masses     (T', m)  s as computed; 0 without a label
    labelled   (T', m)  whether there is a label; None if there always is
    whole      whether masses are whole numbers, rounding apart
    roundings  u's that targets are within of the exact ones, relatively
    centre     (R',) what to take off targets where a constant may be; by default their means over these columns
    """

    classes: tuple[int, ...]
    targets: Float
    tops: Int
    masses: Float
    labelled: Bool | None
    whole: bool
    roundings: int
    centre: Float | None = None

    @cached_property
    def blocks(self) -> list[slice]:
        """Rows of each task."""
        return task_rows(self.classes)

    def block_sums(self, rows: Float) -> Float:
        """(T', m) sums over each task's rows of (R', m)."""
        return sums_of_tasks(rows, self.classes)

    def spread(self, tasks: Float) -> Float:
        """(R', m) of (T', m): each task's number on all its rows."""
        return np.repeat(tasks, self.classes, axis=0)

    @cached_property
    def at_tops(self) -> tuple[Int, Int]:
        """What indexes the (T', m) entries of an (R', m) array that ``tops`` are the rows of."""
        return self.tops, np.arange(self.tops.shape[1])

    @cached_property
    def soft(self) -> bool:
        """Whether a block has other targets than its top: smoothed labels, label sets."""
        return bool(np.count_nonzero(self.targets) > self.tops.size)

    @cached_property
    def row_labelled(self) -> Bool | None:
        """(R', m) ``labelled`` on all rows of each task."""
        return None if self.labelled is None else np.repeat(self.labelled, self.classes, axis=0)
