"""Cosines between the heads of a network beside those of the model's certified optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ufm_networks.report.gap import Gap
from verify._metrics.directions import ZERO_SHARE, head_cosines
from verify.reading.form import Float


@dataclass(frozen=True)
class HeadCosines:
    """measured and optimum (R, R) cosines between all rows of the heads; optimum is None without a model.

    NaN where a head is zero; in ``optimum``, too, between tasks with samples of their own, which the model leaves free.
    """

    measured: Float
    optimum: Float | None

    @property
    def largest_difference(self) -> float:
        """Over entries that both have; NaN where there is none."""
        return self._over(np.max)

    @property
    def mean_difference(self) -> float:
        """Over entries off the diagonal that both have."""
        return self._over(np.mean)

    @property
    def told(self) -> str:
        """The difference between the two in a sentence."""
        if np.isnan(self.mean_difference):
            return "The heads of the network or of the optimum are zero, so that there are no cosines to compare."
        return (
            f"Cosines between rows of the heads differ from the certified optimum's by {self.mean_difference:.4g} on "
            f"average and {self.largest_difference:.4g} at most."
        )

    def _over(self, reduce: object) -> float:
        if self.optimum is None:
            return float("nan")
        difference = np.abs(self.measured - self.optimum)[~np.eye(len(self.measured), dtype=bool)]
        seen = difference[np.isfinite(difference)]
        return float(reduce(seen)) if seen.size else float("nan")  # type: ignore[operator]


def compare_heads(heads: Sequence[Float], gaps: Sequence[Gap]) -> HeadCosines:
    """Rows of W, T heads (K_t, d), stacked."""
    own = head_cosines(np.concatenate(heads), 0.0)
    if not gaps:
        return HeadCosines(own, None)
    optimum = np.full_like(own, np.nan)
    classes = [len(w) for w in heads]
    ends = np.cumsum(classes)
    for gap in gaps:
        rows = np.concatenate([np.arange(ends[t] - classes[t], ends[t]) for t in gap.part.tasks])
        optimum[np.ix_(rows, rows)] = _optimum_cosines(gap)
    return HeadCosines(own, optimum)


def _optimum_cosines(gap: Gap) -> Float:
    """A head whose penalty is 10⁻¹² of F is what a solver leaves of zero."""
    problem = gap.part.problem
    W = np.concatenate([np.array(w.cpu().numpy(), dtype=np.float64) for w in gap.solution.W])
    weights = np.repeat(problem.task_weights, problem.classes)
    norms = np.sqrt(problem.lambda_W * weights) * np.linalg.norm(W, axis=1)
    W[norms <= ZERO_SHARE * np.sqrt(gap.optimum.objective)] = 0.0
    return head_cosines(W, 0.0)
