"""The losses of a batch, each with the columns of all problems side by side."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from torch import Tensor

from ufm.losses import LOSSES
from ufm.losses.loss import Columns, Loss
from ufm.losses.task_blocks import TaskBlocks
from ufm.solvers.batch.shape import Shape


@dataclass(frozen=True)
class Run:
    """Consecutive tasks of one loss."""

    rows: slice
    loss: type[Loss]
    blocks: TaskBlocks
    columns: Columns


def runs_of(shape: Shape, y: Tensor, weight: Tensor) -> list[Run]:
    """Of targets and weights (R, m, B)."""
    runs, task, first = [], 0, 0
    for name, tasks in groupby(shape.losses):
        classes = shape.classes[task : task + len(list(tasks))]
        rows = slice(first, first + sum(classes))
        blocks = TaskBlocks(classes, y.device, y.shape[-1])
        columns = LOSSES[name].columns(blocks, y[rows].flatten(1), weight[rows].flatten(1))
        runs.append(Run(rows, LOSSES[name], blocks, columns))
        task, first = task + len(classes), rows.stop
    return runs
