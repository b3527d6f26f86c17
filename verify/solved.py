"""Problems solved as part of other work, alone or together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import ufm
from ufm.solution import Problem
from verify.certification.certificate import Certificate
from verify.certification.many import certify_many
from verify.reading.read import At, read

Solved = tuple[ufm.Solution, At, Certificate]


def solved(problem: Problem, *arguments: Any, **options: Any) -> ufm.Solution:
    """``ufm.solve``, except that Ctrl-C ends the whole work instead of returning the point reached."""
    solution = ufm.solve(problem, *arguments, **options)
    if solution.outcome is ufm.Outcome.INTERRUPTED:
        raise KeyboardInterrupt
    return solution


def solved_together(
    problems: Sequence[Problem],
    seeds: Sequence[int],
    tolerance: float,
    *,
    solver_tolerance: float | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> list[Solved]:
    """Of each problem its solution by ``ufm.solve_many`` from the random start of its seed, read, and the certificate
    of that tolerance.
    """
    of_seed: defaultdict[int, list[int]] = defaultdict(list)
    for i, seed in enumerate(seeds):
        of_seed[seed].append(i)
    solutions: dict[int, ufm.Solution] = {}
    for seed, numbers in of_seed.items():
        own = [problems[i] for i in numbers]
        found = ufm.solve_many(own, seed=seed, tolerance=solver_tolerance, progress=progress)
        solutions |= zip(numbers, found, strict=True)
    ats = [read(problem, solutions[i]) for i, problem in enumerate(problems)]
    read_already: list[Any] = list(ats)
    certificates = certify_many(read_already, [None] * len(ats), tolerance=tolerance)
    return [(solutions[i], at, certificate) for i, (at, certificate) in enumerate(zip(ats, certificates, strict=True))]
