"""What problems with real-valued targets share: the columns, their numbers as labels, and the standard form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.problems.problem_settings import Float, ProblemSettings, Settled, Source
from ufm.problems.standard_form import StandardForm
from ufm.problems.target_columns import column_of_rows, distinct_rows
from ufm.support import display, validation


class Targeted(Settled):
    """Problem (3) with a target row y ∈ R^R for each sample, R = Σ K_t.

    Public fields: ``classes`` (K_1, …, K_T), ``targets`` (columns, R) the distinct target rows, tasks side by side,
    ``labels`` (columns, 1) their numbers 0, 1, …, by which columns of H are named, ``counts`` (columns,), and what
    SingleSource has.
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
        """(N,) number of the column that has each sample's target; ``targets`` as the constructor's."""
        blocks = self._blocks("targets", targets)
        sizes = tuple(block.shape[1] for block in blocks)
        if sizes != self.classes:
            raise ValueError(f"targets must have {self.classes} columns, one number per task, got {sizes}")
        return column_of_rows(self.targets, np.concatenate(blocks, axis=1), "targets")

    def _blocks(self, name: str, value: Any) -> list[Float]:
        """T arrays (N, K_t) of what the constructor is given."""
        raise NotImplementedError

    @property
    def samples(self) -> int:
        """N."""
        return int(self.counts.sum())

    def _column_targets(self) -> Float:
        """(R, columns) what the losses are to fit."""
        return self.targets.T

    def standard_forms(self) -> tuple[StandardForm, ...]:
        """One form, ω = 1; "mean" divides n_l and multiplies ω by N."""
        self._require_known()
        scale = 1.0 if self.reduction == "sum" else float(self.samples)
        form = StandardForm(
            classes=self.classes,
            targets=np.ascontiguousarray(self._column_targets()),
            multiplicity=self.counts / scale,
            omega=np.full(len(self.counts), scale),
            task_weights=self.task_weights,
            lambda_H=self.lambda_H,
            lambda_W=self.lambda_W,
            lambda_b=self.lambda_b,
            losses=self.losses,
        )
        return (form,)

    def _rows(self) -> list[tuple[str, str]]:
        return [
            ("outputs", " + ".join(map(str, self.classes))),
            ("distinct targets", f"{len(self.counts):,}"),
            ("samples", f"{self.samples:,}"),
        ]

    _title = ""

    def _summary(self) -> display.Summary:
        return display.problem_summary(self._title, self, self._rows())

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(classes={self.classes}, columns={len(self.counts)}, samples={self.samples}, "
            f"{self._settings_repr()})"
        )

    def __str__(self) -> str:
        return self._summary().text()

    def _repr_html_(self) -> str:
        return self._summary().html()
