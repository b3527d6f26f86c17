"""What problems with real-valued targets share: the columns, their numbers as labels, and the standard form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.problems.one_form import OneForm
from ufm.problems.problem_settings import Float, ProblemSettings, Source
from ufm.problems.target_columns import column_of_rows, distinct_rows
from ufm.support import display, validation


class Targeted(OneForm):
    """Problem (3) with a target row y ∈ R^R for each sample, R = Σ K_t.

    Public fields: ``classes`` (K_1, …, K_T), ``targets`` (columns, R) the distinct target rows, tasks side by side,
    ``labels`` (columns, 1) their numbers 0, 1, …, which identify the columns of H, ``counts`` (columns,), and those of
    SingleSource.
    """

    source: Source

    def _set(
        self, classes: tuple[int, ...], targets: Float, counts: NDArray[np.int64], settings: Mapping[str, Any]
    ) -> None:
        self.classes = classes
        self._settle(settings, len(classes), ProblemSettings)
        self.targets, self.counts = distinct_rows(targets, counts)
        self.labels = np.arange(len(self.counts), dtype=np.int64)[:, None]
        validation.check_samples("counts", int(counts.sum(dtype=object)))

    def columns(self, targets: Any) -> NDArray[np.int64]:
        """(N,) the number of the column with each sample's target; ``targets`` as for the constructor."""
        blocks = self._blocks("targets", targets)
        sizes = tuple(block.shape[1] for block in blocks)
        if sizes != self.classes:
            raise ValueError(f"targets must have {self.classes} columns, one number per task, got {sizes}")
        return column_of_rows(self.targets, np.concatenate(blocks, axis=1), "targets")

    def _blocks(self, name: str, value: Any) -> list[Float]:
        """T arrays (N, K_t) from the constructor's argument."""
        raise NotImplementedError

    def _targets(self) -> Float:
        return np.ascontiguousarray(self.targets.T)

    _title = ""

    def _summary(self) -> display.Summary:
        return display.problem_summary(
            self._title,
            self,
            [
                ("outputs", " + ".join(map(str, self.classes))),
                ("distinct targets", f"{len(self.counts):,}"),
                ("samples", f"{self.samples:,}"),
            ],
        )
