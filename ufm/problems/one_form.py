"""What problems with features shared by all tasks have in common: N, how they print, and their one standard form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ufm.problems.problem_settings import Float, Settled
from ufm.problems.standard_form import Bool, StandardForm


class OneForm(Settled):
    """A target column for each of ``counts``."""

    counts: NDArray[np.int64]

    @property
    def samples(self) -> int:
        """N."""
        return int(self.counts.sum())

    def standard_forms(self) -> tuple[StandardForm, ...]:
        """One form, ω = 1; "mean" divides n_l and multiplies ω by N."""
        self._require_known()
        scale = 1.0 if self.reduction == "sum" else float(self.samples)
        form = StandardForm(
            classes=self.classes,
            targets=self._targets(),
            multiplicity=self.counts / scale,
            omega=np.full(len(self.counts), scale),
            task_weights=self.task_weights,
            lambda_H=self.lambda_H,
            lambda_W=self.lambda_W,
            lambda_b=self.lambda_b,
            losses=self.losses,
            labelled=self._labelled(),
        )
        return (form,)

    def _targets(self) -> Float:
        """(R, columns) the targets of the losses."""
        raise NotImplementedError

    def _labelled(self) -> Bool | None:
        """(T, columns) whether there is a label; None if no label is missing."""
        return None

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(classes={self.classes}, columns={len(self.counts)}, samples={self.samples}, "
            f"{self._settings_repr()})"
        )
