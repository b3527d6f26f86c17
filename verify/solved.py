"""Problems solved on the way to something else."""

from __future__ import annotations

from typing import Any

import ufm
from ufm.solution import Problem


def solved(problem: Problem, *arguments: Any, **options: Any) -> ufm.Solution:
    """``ufm.solve``, except that Ctrl-C, which a solver answers with the point reached, ends the whole work here."""
    solution = ufm.solve(problem, *arguments, **options)
    if solution.outcome is ufm.Outcome.INTERRUPTED:
        raise KeyboardInterrupt
    return solution
