"""The one objective behind every unconstrained feature model.

With m columns (one per distinct label), column l seen n_l times, target y_l ∈ R^R with task blocks y_tl, and logits
u_l = W h_l + b,

    F(W, H, b) = Σ_t c^t Σ_l n_l ℓ_t(u_tl; y_tl)
                 + λ_H Σ_l n_l ω_l ‖h_l‖² + λ_W Σ_t c^t ‖W^t‖² + λ_b Σ_t c^t ‖b^t‖²,

where ℓ_t is the loss of task t, and the sum over l leaves out columns without a label in task t. λ_b = 0 leaves the
bias free; with λ_b = None there is none. Pick-all-label, label smoothing and distillation only change the target
columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ufm.losses import LOSSES, LossName
from ufm.support.memory import require_memory

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
MISSING = -1  # stands for no label
EPSILON = 2.0**-52  # of float64


@dataclass(frozen=True)
class StandardForm:
    """Target columns with multiplicities; F as in the module's equation.

    classes       (K_1, …, K_T); R = Σ K_t rows
    losses        (T,)    names of the tasks' losses
    targets       (R, m)  y_l as columns, 0 where a task has no label
    labelled      (T, m)  whether column l has a label in task t; None if no label is missing
    multiplicity  (m,)    n_l, the weight of column l in the losses (n_l / N under reduction="mean")
    omega         (m,)    ω_l, so that n_l ω_l is the weight of λ_H ‖h_l‖²
    task_weights  (T,)    c^t
    """

    classes: tuple[int, ...]
    targets: Float
    multiplicity: Float
    omega: Float
    task_weights: Float
    lambda_H: float
    lambda_W: float
    lambda_b: float | None
    losses: tuple[LossName, ...]
    labelled: Bool | None = None

    @property
    def rows(self) -> int:
        """R = Σ K_t."""
        return sum(self.classes)

    @property
    def columns(self) -> int:
        """m, the number of target columns."""
        return int(self.targets.shape[1])

    @property
    def offsets(self) -> tuple[int, ...]:
        """First row of each task's block, and R at the end: block t is rows offsets[t]:offsets[t + 1]."""
        return (0, *np.cumsum(self.classes).tolist())

    @property
    def sufficient_dim(self) -> int:
        """R less the number of tasks whose loss is blind to a common shift of their logits.

        Such tasks' logits may be centred, and Z then has at most this rank: a larger dimension lowers no minimum.
        """
        return self.rows - sum(LOSSES[loss].shift_blind for loss in self.losses)

    @property
    def needed_dim(self) -> int:
        """The least dimension that suffices for one feature per column: no more than there are columns."""
        return min(self.sufficient_dim, self.columns)

    @property
    def tau(self) -> float:
        """τ = 2 √(λ_W λ_H), the weight of the nuclear norm in the convex form."""
        return 2.0 * float(np.sqrt(self.lambda_W) * np.sqrt(self.lambda_H))

    def row_weights(self) -> Float:
        """(R,) c^t repeated over the rows of task t."""
        return np.repeat(self.task_weights, self.classes)

    def blocks(self) -> list[slice]:
        """Rows of each task."""
        return [slice(start, end) for start, end in pairwise(self.offsets)]

    def masses(self) -> Float:
        """(T, m) what the loss of a task makes of a column's weight: Σ_k y_tl,k for cross-entropy, else 1; 0 where a
        column has no label.
        """
        masses = [LOSSES[loss].mass(self.targets[rows]) for loss, rows in zip(self.losses, self.blocks(), strict=True)]
        return np.stack(masses) * (1.0 if self.labelled is None else self.labelled)

    def task_loss_weights(self) -> Float:
        """(T, m) c^t n_l, and 0 where a column has no label."""
        weights: Float = self.task_weights[:, None] * self.multiplicity
        return weights if self.labelled is None else weights * self.labelled

    def loss_weights(self) -> Float:
        """(R, m) ``task_loss_weights`` repeated over the rows of each task."""
        return np.repeat(self.task_loss_weights(), self.classes, axis=0)

    def nothing(self) -> float:
        """An F that counts as 0. Where the bias is free and a task's targets are all equal min F may be 0, by which no
        error can be divided: float64's ε times ½ Σ c^t n_l ‖y_tl‖². Elsewhere 0, since features or heads cost.
        """
        if self.lambda_b != 0.0:
            return 0.0
        for t, rows in enumerate(self.blocks()):
            y = self.targets[rows] if self.labelled is None else self.targets[rows, self.labelled[t]]
            if np.ptp(y, axis=1).any():
                return 0.0
        squares = self.row_weights() @ np.square(self.targets)
        return 0.5 * EPSILON * float(squares @ self.multiplicity)

    def take_columns(self, index: NDArray[np.int64]) -> StandardForm:
        """The form whose column i is this one's column index[i]."""
        return StandardForm(
            self.classes,
            self.targets[:, index],
            self.multiplicity[index],
            self.omega[index],
            self.task_weights,
            self.lambda_H,
            self.lambda_W,
            self.lambda_b,
            self.losses,
            None if self.labelled is None else self.labelled[:, index],
        )


def one_hot_targets(labels: NDArray[np.int64], classes: tuple[int, ...], label_smoothing: float) -> Float:
    """(R, m) stacked target columns (1 − ε) e_{k_t} + ε / K_t of label tuples (m, T); 0 where k_t = −1, no label."""
    rows, columns = sum(classes), len(labels)
    require_memory(8 * rows * columns, "cpu", f"targets of {rows:,} rows, {columns:,} columns")
    blocks = []
    for t, k in enumerate(classes):
        block = np.full((k, len(labels)), label_smoothing / k)
        block[labels[:, t], np.arange(len(labels))] += 1.0 - label_smoothing
        block[:, labels[:, t] == MISSING] = 0.0
        blocks.append(block)
    return np.concatenate(blocks)
