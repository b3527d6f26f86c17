"""Pick-all-label multi-label classification: every sample carries a set of labels of one task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from ufm.losses import LOSSES
from ufm.problems.label_sets import (
    counted,
    distinct,
    indicator_array,
    members,
    require_members,
    samples_by_size,
    subsets,
)
from ufm.problems.one_form import OneForm
from ufm.problems.problem_settings import Float, LossSettings, Source
from ufm.support import display, validation
from ufm.support.memory import require_memory


class MultiLabel(OneForm):
    """Pick-all-label multi-label classification: K classes, and a sample carries a set S of them.

        min_{W,H,b}  Σ_i Σ_{k∈S_i} CE(W h_i + b, k) + λ_H ‖H‖_F² + λ_W ‖W‖_F² + λ_b ‖b‖²

    A sample of multiplicity m = |S| has the target y_S = (1 − ε) 1_S + ε m/K of mass m, with ε the label smoothing
    of each of its cross-entropies; other losses ℓ(W h_i + b; y_S) have the same target and allow the empty set.
    With ``reduction="sum"`` the λ's multiply beside the SUM of losses over samples; with ``"mean"`` that sum is divided
    by N and the penalties are not. Bias as in SingleSource; no penalty has a factor 1/2.

    counts   {label set: samples}; a label set is a tuple of distinct labels from 0, such as (0, 2), in any order
    classes  K
    Public fields: ``classes`` (K,), ``labels`` (columns, K) 0/1 indicator rows of the label sets that occur, ordered by
    multiplicity, then lexicographically by members, ``counts`` (columns,), ``multiplicities`` (columns,),
    ``task_weights`` [1.0], ``lambda_H``, ``lambda_W``, ``lambda_b``, ``reduction``, ``loss``, ``label_smoothing``,
    ``samples`` N.

    Raises ValueError or TypeError, naming the field, for λ ≤ 0, counts that are negative, fractional or all zero, a
    label set that is empty, out of range or names a label twice, K < 2, or an unknown reduction.

    Source: Li et al., "Neural Collapse in Multi-label Learning with Pick-all-label Loss" (ICML 2024), Definition 1.
    """

    source: Source = "multilabel"

    def __init__(
        self, counts: Mapping[tuple[int, ...], int], *, classes: int, **settings: Unpack[LossSettings]
    ) -> None:
        self._set(*counted(counts, _class_number(classes)), settings)

    def _set(self, indicators: NDArray[np.int64], counts: NDArray[np.int64], settings: LossSettings) -> None:
        self.classes: tuple[int, ...] = (indicators.shape[1],)
        self._settle(settings, 1, LossSettings)
        if LOSSES[self.losses[0]].shift_blind:
            require_members(indicators, counts)
        self.labels, self.counts = distinct(indicators, counts)
        self.multiplicities: NDArray[np.int64] = self.labels.sum(axis=1)

    @classmethod
    def _from_columns(
        cls, indicators: NDArray[np.int64], counts: NDArray[np.int64], **settings: Unpack[LossSettings]
    ) -> Self:
        """From indicator rows (columns, K) that may repeat or have count 0, in any order."""
        problem = cls.__new__(cls)
        problem._set(indicators, counts, settings)
        return problem

    @classmethod
    def from_indicators(cls, indicators: Any, **settings: Unpack[LossSettings]) -> Self:
        """Counts the label sets of a real data set.

        indicators   (N, K) of 0 and 1 (or Booleans): row i has a 1 at every label of sample i, at least one
        Only the label sets that occur are stored.
        """
        rows = indicator_array("indicators", indicators)
        validation.whole_number("indicators.shape[1]", rows.shape[1], 2)
        return cls._from_columns(rows, np.ones(len(rows), dtype=np.int64), **settings)

    @classmethod
    def balanced(cls, classes: int = 3, n_by_multiplicity: Any = None, **settings: Unpack[LossSettings]) -> Self:
        """Balanced within each multiplicity: n_m samples of each of the C(K, m) label sets of size m.

        n_by_multiplicity   {m: n_m}, 1 ≤ m ≤ K; default {1: 10, 2: 5}. The hypothesis of Li et al.'s Theorem 1.
        """
        k = _class_number(classes)
        n = samples_by_size("n_by_multiplicity", {1: 10, 2: 5} if n_by_multiplicity is None else n_by_multiplicity, k)
        columns = sum(math.comb(k, m) for m in n)
        advice = "use from_indicators(...), which stores only label sets that occur"
        validation.check_columns(f"n_by_multiplicity at classes={k}", columns, advice)
        validation.check_samples("n_by_multiplicity", sum(math.comb(k, m) * n_m for m, n_m in n.items()))
        require_memory(24 * k * columns, "cpu", f"indicators of {columns:,} label sets of {k:,} classes")
        indicators = np.concatenate([subsets(k, m) for m in n])
        return cls._from_columns(indicators, np.repeat(list(n.values()), [math.comb(k, m) for m in n]), **settings)

    @property
    def label_sets(self) -> list[tuple[int, ...]]:
        """The label set of each column."""
        return [tuple(np.flatnonzero(row).tolist()) for row in self.labels]

    def count(self, label_set: tuple[int, ...]) -> int:
        """The number of samples with exactly this label set."""
        row = np.zeros(self.classes[0], dtype=np.int64)
        row[list(members("label_set", label_set, self.classes[0]))] = 1
        return int(self.counts[(self.labels == row).all(axis=1)].sum())

    def samples_by_multiplicity(self) -> dict[int, int]:
        """Samples of each multiplicity that occurs, over all label sets of that size."""
        totals = np.bincount(self.multiplicities, weights=self.counts).astype(np.int64)
        return {m: int(totals[m]) for m in np.flatnonzero(totals).tolist()}

    def _targets(self) -> Float:
        """(K, columns) y_S = (1 − ε) 1_S + ε m/K."""
        k, columns = self.classes[0], len(self.counts)
        require_memory(8 * k * columns, "cpu", f"targets of {k:,} rows, {columns:,} columns")
        smoothed = self.label_smoothing * self.multiplicities / k
        targets: Float = (1.0 - self.label_smoothing) * np.ascontiguousarray(self.labels.T) + smoothed
        return targets

    def _summary(self) -> display.Summary:
        k = self.classes[0]
        per_size = np.bincount(self.multiplicities)
        occurring = [
            f"{per_size[m]:,} of {math.comb(k, m):,} at m = {m}" for m in np.flatnonzero(per_size)[:6].tolist()
        ]
        more = ", …" if np.count_nonzero(per_size) > 6 else ""
        return display.problem_summary(
            "Pick-all-label, multi-label",
            self,
            [
                ("classes", str(k)),
                ("label sets", ", ".join(occurring) + more),
                ("samples", f"{self.samples:,} ({self.counts.min():,} to {self.counts.max():,} per label set)"),
            ],
        )

    def __repr__(self) -> str:
        return (
            f"MultiLabel(classes={self.classes[0]}, columns={len(self.counts)}, samples={self.samples}, "
            f"{self._settings_repr()})"
        )


def _class_number(value: Any) -> int:
    return validation.whole_number("classes", value, 2, validation.MAX_CLASSES)
