"""The one objective behind every unconstrained feature model.

With m columns (one per distinct label), column l seen n_l times, target y_l ∈ R^R_{≥0} with task blocks y_tl
of mass s_tl = Σ_k y_tl,k, and logits u_l = W h_l + b,

    F(W, H, b) = Σ_t c^t Σ_l n_l [ s_tl lse(u_tl) − ⟨y_tl, u_tl⟩ ]
                 + λ_H Σ_l n_l ω_l ‖h_l‖² + λ_W Σ_t c^t ‖W^t‖² + λ_b Σ_t c^t ‖b^t‖².

A new loss with cross-entropy inside (pick-all-label, label smoothing, distillation) is other target columns,
never another objective.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ufm.support.memory import require_memory

Float = NDArray[np.float64]


@dataclass(frozen=True)
class StandardForm:
    """Soft target columns with multiplicities; F as in the module's equation.

    classes       (K_1, …, K_T); R = Σ K_t rows
    targets       (R, m)  y_l as columns
    multiplicity  (m,)    n_l, the weight of column l in the cross-entropy (n_l / N under reduction="mean")
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
    lambda_b: float

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
        """R − T: centred logits have at most this rank, so a larger feature dimension lowers no minimum."""
        return self.rows - len(self.classes)

    @property
    def tau(self) -> float:
        """τ = 2 √(λ_W λ_H), the weight of the nuclear norm in the convex form."""
        return 2.0 * float(np.sqrt(self.lambda_W) * np.sqrt(self.lambda_H))

    def row_weights(self) -> Float:
        """(R,) c^t repeated over the rows of task t."""
        return np.repeat(self.task_weights, self.classes)

    def masses(self) -> Float:
        """(T, m) s_tl = Σ_k y_tl,k."""
        return np.add.reduceat(self.targets, self.offsets[:-1], axis=0)

    def take_columns(self, index: NDArray[np.int64], multiplicity: Float) -> StandardForm:
        """The form whose column i is this one's column index[i], with the given multiplicities."""
        return StandardForm(
            self.classes,
            self.targets[:, index],
            multiplicity,
            self.omega[index],
            self.task_weights,
            self.lambda_H,
            self.lambda_W,
            self.lambda_b,
        )


def one_hot_targets(labels: NDArray[np.int64], classes: tuple[int, ...], label_smoothing: float) -> Float:
    """(R, m) stacked target columns (1 − ε) e_{k_t} + ε / K_t of label tuples (m, T)."""
    require_memory(8 * sum(classes) * len(labels), "cpu", f"targets of {sum(classes):,} rows, {len(labels):,} columns")
    blocks = []
    for t, k in enumerate(classes):
        block = np.full((k, len(labels)), label_smoothing / k)
        block[labels[:, t], np.arange(len(labels))] += 1.0 - label_smoothing
        blocks.append(block)
    return np.concatenate(blocks)
