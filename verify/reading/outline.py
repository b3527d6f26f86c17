"""F but for its columns' targets: sizes, weights and λ's, which take no memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from verify.losses import LOSSES, Loss
from verify.losses.tasks import Bool, Float, Int, sums_of_tasks, task_rows


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Of F as in ``verify.reading.form``, R = Σ K_t rows and m columns, all that is no matrix.

    counts          (m,)    n_l
    loss_weight     (m,)    a_l
    feature_weight  (m,)    w_l
    task_weights    (T,)    c^t
    losses          (T,)    names of the tasks' losses
    roundings       u's of 2⁻⁵³ that targets are within of the exact ones, relatively; 0 where they are exact
    """

    classes: tuple[int, ...]
    counts: Int
    loss_weight: Float
    feature_weight: Float
    task_weights: Float
    lambda_H: float
    lambda_W: float
    lambda_b: float | None
    losses: tuple[str, ...]
    roundings: int

    @cached_property
    def blocks(self) -> list[slice]:
        """Rows of each task."""
        return task_rows(self.classes)

    @cached_property
    def rows_c(self) -> Float:
        """(R,) c^t of the task that owns each row."""
        return np.repeat(self.task_weights, self.classes)

    def block_sums(self, rows: Float) -> Float:
        """(T, m) sums over each task's rows of (R, m)."""
        return sums_of_tasks(rows, self.classes)

    @cached_property
    def loss_of(self) -> list[type[Loss]]:
        """(T,) the tasks' losses."""
        return [LOSSES[name] for name in self.losses]

    @cached_property
    def class_column(self) -> Int:
        """(T, 1) K_t."""
        return np.array(self.classes)[:, None]

    @cached_property
    def shift_blind_rows(self) -> Bool:
        """(R,) whether the row's task has a loss blind to a common shift of its logits."""
        return np.repeat([loss.shift_blind for loss in self.loss_of], self.classes)

    @cached_property
    def shift_blind(self) -> int:
        """The number of tasks whose loss is blind to a common shift of their logits."""
        return sum(loss.shift_blind for loss in self.loss_of)

    @property
    def tau(self) -> float:
        """τ = 2 √(λ_W λ_H)."""
        return 2.0 * sqrt(self.lambda_W) * sqrt(self.lambda_H)

    @property
    def sufficient_dim(self) -> int:
        """min(R − T', m), T' the tasks whose loss is blind to a common shift, so that their logits may be centred.

        Z has no larger rank then, so a wider feature space lowers no minimum.
        """
        return min(sum(self.classes) - self.shift_blind, len(self.counts))
