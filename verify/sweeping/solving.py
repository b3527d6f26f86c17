"""The problems of a chunk, solved and certified together."""

from __future__ import annotations

from collections.abc import Sequence

import ufm
from ufm.solution import Problem
from verify.certification.certificate import Certificate, certify
from verify.reading.read import At, read
from verify.solved import solved


def solve_all(
    problems: Sequence[Problem], seeds: Sequence[int], tolerance: float
) -> list[tuple[ufm.Solution, At, Certificate]]:
    """Of each problem its solution from the random start of its seed, read, and the certificate."""
    found = []
    for problem, seed in zip(problems, seeds, strict=True):
        solution = solved(problem, seed=seed)
        at = read(problem, solution)
        found.append((solution, at, certify(at, tolerance=tolerance)))
    return found
