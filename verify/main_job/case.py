"""One case of the main job: a problem solved, certified and compared."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import ufm
from ufm.solution import Problem
from verify._metrics import tracked
from verify.comparison.compare import Report, compare
from verify.comparison.cosine_curve import CosineCurve
from verify.reading.label_reading import LabelReading
from verify.solved import solved

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Case:
    """A problem, its solution, and the comparison with theory.

    name     its title for readers, e.g. "Theorem 3.1 at paper size"
    seconds  wall-clock time of the solve
    reading  what was read from label files, with the names of tasks and classes; None without files
    """

    name: str
    problem: Problem
    solution: ufm.Solution
    report: Report
    seconds: float
    reading: LabelReading | None = None


@dataclass(frozen=True)
class JobResult:
    """Everything shown in a report."""

    cases: tuple[Case, ...]
    curve: CosineCurve | None = None

    @property
    def passed(self) -> bool:
        """Whether neither a case nor the curve failed."""
        return all(case.report.passed for case in self.cases) and (self.curve is None or self.curve.passed)


def run_case(
    name: str,
    problem: Problem,
    *,
    tolerance: float | None = None,
    reading: LabelReading | None = None,
    **options: Any,
) -> Case:
    """Solves with ``ufm.solve(problem, **options)`` and compares; tolerance is the objective's in ``compare``.

    A "gradient" run records ``verify.tracked`` in its history unless ``metrics`` is given.
    Raises KeyboardInterrupt if Ctrl-C ended the solve.
    """
    method = options.get("method")
    if method == "gradient" or (isinstance(method, ufm.Gradient) and method.metrics is None):
        options.setdefault("metrics", tracked(problem))
    logger.info("case: %s", name)
    start = time.perf_counter()
    solution = solved(problem, **options)
    seconds = time.perf_counter() - start
    limits = {} if tolerance is None else {"tolerance": tolerance}
    return Case(name, problem, solution, compare(problem, solution, **limits), seconds, reading)
