"""One problem taken through the main job: stated, solved, certified, compared."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import theory
import ufm
from ufm.solution import Problem
from verify.compare import Report, compare


@dataclass(frozen=True)
class Case:
    """A problem, its solution, and the solution held against theory.

    name     what a reader calls it, e.g. "Theorem 3.1 at paper size"
    seconds  wall-clock time of the solve
    """

    name: str
    problem: Problem
    solution: ufm.Solution
    report: Report
    seconds: float


@dataclass(frozen=True)
class CosineCurve:
    """Figure 3(c): cos(w_1^1, w_1^2) against n^{11} at fixed N, by eq. 31 and at certified minima.

    n_same (theory) and cosine are the line; solved_n_same, solved_cosine and relative_gap are the points.
    """

    samples: int
    lambda_H: float
    lambda_W: float
    n_same: NDArray[np.float64]
    cosine: NDArray[np.float64]
    solved_n_same: NDArray[np.int64]
    solved_cosine: NDArray[np.float64]
    relative_gap: NDArray[np.float64]
    tolerance: float

    @property
    def deviation(self) -> float:
        """Largest distance of a point from the line."""
        at = theory.task_correlation_cosine(
            self.solved_n_same, self.samples / 2 - self.solved_n_same, self.lambda_H, self.lambda_W
        )
        return float(np.max(np.abs(at - self.solved_cosine)))

    @property
    def passed(self) -> bool:
        """Points on the line, and increasing: Theorem 5.1 (3)."""
        return self.deviation <= self.tolerance and bool(np.all(np.diff(self.solved_cosine) > 0))


@dataclass(frozen=True)
class JobResult:
    """Everything that a report shows."""

    cases: tuple[Case, ...]
    curve: CosineCurve | None = None

    @property
    def passed(self) -> bool:
        """No case failed, and the curve neither."""
        return all(case.report.passed for case in self.cases) and (self.curve is None or self.curve.passed)


def run_case(name: str, problem: Problem, *, tolerance: float | None = None, **options: Any) -> Case:
    """Solves with ``ufm.solve(problem, **options)`` and compares; tolerance is the objective's in ``compare``."""
    start = time.perf_counter()
    solution = ufm.solve(problem, **options)
    seconds = time.perf_counter() - start
    limits = {} if tolerance is None else {"tolerance": tolerance}
    return Case(name, problem, solution, compare(problem, solution, **limits), seconds)
