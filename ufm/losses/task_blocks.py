"""Sums and maxima over each task's rows of a stacked (R, m) matrix, and their broadcast back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class TaskBlocks:
    """R = Σ K_t rows in T blocks; equal blocks are viewed as (T, K, m), unequal ones are split.

    problems  None for one problem; else the m columns are those of as many problems, column l of problem p at number
              l · problems + p, and totals are each problem's own
    """

    def __init__(self, classes: tuple[int, ...], device: torch.device | str, problems: int | None = None) -> None:
        self.classes, self.tasks, self.problems = classes, len(classes), problems
        self.equal = len(set(classes)) == 1
        offsets = np.concatenate([[0], np.cumsum(classes)[:-1]])
        self.offsets = torch.as_tensor(offsets, device=device)
        self.task_of_row = torch.as_tensor(np.repeat(np.arange(self.tasks), classes), device=device)

    def sum(self, x: Tensor) -> Tensor:
        """(R, m) → (T, m)."""
        if self.equal:
            return x.view(self.tasks, self.classes[0], -1).sum(1)
        return torch.stack([block.sum(0) for block in x.split(self.classes)])

    def max(self, x: Tensor) -> Tensor:
        """(R, m) → (T, m)."""
        if self.equal:
            return x.view(self.tasks, self.classes[0], -1).amax(1)
        return torch.stack([block.amax(0) for block in x.split(self.classes)])

    def spread(self, x: Tensor) -> Tensor:
        """(T, m) → (R, m), each task's row repeated K_t times."""
        return x.index_select(0, self.task_of_row)

    def centred(self, x: Tensor) -> Tensor:
        """(R, m) less each block's mean over its rows, to which a softmax is blind."""
        return x - self.spread(self.sum(x) / self.sum(torch.ones_like(x)))

    def total(self, x: Tensor) -> Tensor:
        """The sum of all of x (rows, m): a number, or (problems,)."""
        return x.sum() if self.problems is None else x.view(-1, self.problems).sum(0)

    def row_total(self, x: Tensor) -> Tensor:
        """(rows, 1) or (rows, problems) sums over the columns of x (rows, m)."""
        return x.sum(1, keepdim=True) if self.problems is None else x.view(len(x), -1, self.problems).sum(1)

    def first(self, x: Tensor) -> Tensor:
        """(R, m) → (T, m), the first row of each block: for matrices that are constant within blocks."""
        return x.index_select(0, self.offsets)
