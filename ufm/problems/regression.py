"""Regression with free features: squared error to real targets."""

from __future__ import annotations

from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from ufm.problems.problem_settings import Float, ProblemSettings, Source
from ufm.problems.target_columns import sample_counts, table_or_blocks
from ufm.problems.targeted import Targeted
from ufm.support import validation


class Regression(Targeted):
    """Squared error to targets y_ti ∈ R^{K_t}: the unconstrained feature model of neural regression collapse.

        min_{W,H,b}  Σ_t c^t ½ ‖W^t H + b^t 1ᵀ − Y^t‖_F² + λ_H ‖H‖_F² + λ_W Σ_t c^t ‖W^t‖_F² + λ_b Σ_t c^t ‖b^t‖²

    With ``reduction="sum"`` the λ's stand beside the SUM over samples, with ``"mean"`` beside that sum divided by N.
    λ_b = 0 leaves the bias free, λ_b = None means no bias.

    targets       (N, K) real numbers, or a list with one array (N, K_t) per task. Equal rows are one column
    counts        (N,) samples behind each row, 1 by default
    task_weights  c^t > 0, one per task, default all ones

    Public fields as in ``Targeted``. Raises ValueError or TypeError naming the field, also for NaN targets, label
    smoothing, or another loss. Source: Andriopoulos et al. (2024), "The Prevalence of Neural Collapse in Neural
    Multivariate Regression"; several tasks beyond it.
    """

    source: Source = "regression"
    _title = "Regression"

    def __init__(self, targets: Any, counts: Any = None, **settings: Unpack[ProblemSettings]) -> None:
        blocks = self._blocks("targets", targets)
        classes = tuple(block.shape[1] for block in blocks)
        self._set(classes, np.concatenate(blocks, axis=1), sample_counts(counts, len(blocks[0])), settings)

    def _blocks(self, name: str, value: Any) -> list[Float]:
        return table_or_blocks(name, value)

    def _settle(self, settings: Any, tasks: int, known: type[Any] = ProblemSettings) -> None:
        super()._settle({"loss": "squared-error", **settings}, tasks, known)
        if set(self.losses) != {"squared-error"}:
            raise ValueError(f"loss={self.loss!r}: Regression has squared error; SingleSource takes the other losses")
        if self.label_smoothing:
            raise ValueError(f"label_smoothing={self.label_smoothing:g}: real targets have no classes to smooth over")

    @classmethod
    def _from_columns(
        cls, classes: tuple[int, ...], targets: Float, counts: NDArray[np.int64], **settings: Unpack[ProblemSettings]
    ) -> Self:
        """Builds the problem from target rows (columns, R), tasks side by side."""
        problem = cls.__new__(cls)
        validation.real_rows("targets", targets)
        problem._set(classes, targets, counts, settings)
        return problem
