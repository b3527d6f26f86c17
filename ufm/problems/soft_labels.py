"""Problem (3) with soft labels: a distribution over classes for every sample and task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from ufm.losses import DEFAULT, LOSSES, LossName
from ufm.problems.problem_settings import Float, ProblemSettings, Source, checked_losses
from ufm.problems.standard_form import EPSILON
from ufm.problems.target_columns import check_unit_range, sample_counts, target_blocks
from ufm.problems.targeted import Targeted


class SoftLabels(Targeted):
    """Problem (3) where sample i has the target p_ti ∈ [0, 1]^{K_t} in task t, as ``SingleSource.from_probabilities``.

        min  Σ_t c^t Σ_i ℓ_t(W^t h_i + b^t; (1 − ε) p_ti + ε s_ti/K_t) + penalties,      s_ti = Σ_k p_ti,k

    probabilities  [P_1, …, P_T], P_t (N, K_t) within [0, 1]. Under cross-entropy rows sum to 1, up to 1e-6, the
                   rounding of a softmax in float32, and are divided by their sum
    counts         (N,) samples behind each row, 1 by default

    Public fields as in ``Targeted``; ``targets`` are before smoothing. Raises ValueError or TypeError naming the field.
    """

    source: Source = "soft"
    _title = "Problem (3), soft labels"

    def __init__(self, probabilities: Sequence[Any], counts: Any = None, **settings: Unpack[ProblemSettings]) -> None:
        blocks = target_blocks("probabilities", probabilities)
        classes = tuple(block.shape[1] for block in blocks)
        losses = checked_losses(settings.get("loss", DEFAULT), len(blocks))
        _check("probabilities", blocks, losses)
        targets = np.concatenate(_divided(blocks, losses), axis=1)
        self._set(classes, targets, sample_counts(counts, len(targets)), settings)

    def _blocks(self, name: str, value: Any) -> list[Float]:
        return _divided(target_blocks(name, value), self.losses)

    @classmethod
    def _from_columns(
        cls, classes: tuple[int, ...], targets: Float, counts: NDArray[np.int64], **settings: Unpack[ProblemSettings]
    ) -> Self:
        """From target rows (columns, R), tasks side by side."""
        blocks = np.split(targets, np.cumsum(classes)[:-1], axis=1)
        _check("probabilities", blocks, checked_losses(settings.get("loss", DEFAULT), len(blocks)))
        problem = cls.__new__(cls)
        problem._set(classes, targets, counts, settings)
        return problem

    def _targets(self) -> Float:
        blocks = np.split(self.targets.T, np.cumsum(self.classes)[:-1])
        epsilon = self.label_smoothing
        return np.concatenate([(1.0 - epsilon) * p + epsilon * p.sum(axis=0) / len(p) for p in blocks])


def _check(name: str, blocks: list[Float], losses: tuple[LossName, ...]) -> None:
    """Raises ValueError unless they are probabilities that the task's loss accepts."""
    for t, (block, loss) in enumerate(zip(blocks, losses, strict=True)):
        if block.shape[1] < 2:
            raise ValueError(f"{name}[{t}] must have shape (N, K) with K ≥ 2; the table P of a single task is [P]")
        check_unit_range(f"{name}[{t}]", block)
        LOSSES[loss].check(f"{name}[{t}]", block)


def _divided(blocks: list[Float], losses: tuple[LossName, ...]) -> list[Float]:
    """Divides the rows of cross-entropy by their sums, which rounding has moved from 1."""
    if len(blocks) != len(losses):
        raise ValueError(f"there are tables of {len(blocks)} tasks, {len(losses)} are needed")
    return [_summing_to_1(p) if LOSSES[loss].shift_blind else p for p, loss in zip(blocks, losses, strict=True)]


def _summing_to_1(rows: Float) -> Float:
    """Divided once: rows that sum to 1 in float64 stay what they are."""
    sums = rows.sum(axis=1, keepdims=True)
    return np.where(np.abs(sums - 1.0) > rows.shape[1] * EPSILON, rows / sums, rows)
