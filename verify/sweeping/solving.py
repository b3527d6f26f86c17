"""The problems of a chunk, solved and certified together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import ufm
from ufm.solution import Problem
from verify.certification.certificate import Certificate
from verify.certification.many import certify_many
from verify.reading.read import At, read


def solve_all(
    problems: Sequence[Problem], seeds: Sequence[int], tolerance: float
) -> list[tuple[ufm.Solution, At, Certificate]]:
    """Of each problem its solution from the random start of its seed, read, and the certificate."""
    of_seed: defaultdict[int, list[int]] = defaultdict(list)
    for i, seed in enumerate(seeds):
        of_seed[seed].append(i)
    solutions: dict[int, ufm.Solution] = {}
    for seed, numbers in of_seed.items():
        solutions |= zip(numbers, ufm.solve_many([problems[i] for i in numbers], seed=seed), strict=True)
    ats = [read(problem, solutions[i]) for i, problem in enumerate(problems)]
    read_already: list[Any] = list(ats)
    certificates = certify_many(read_already, [None] * len(ats), tolerance=tolerance)
    return [(solutions[i], at, certificate) for i, (at, certificate) in enumerate(zip(ats, certificates, strict=True))]
