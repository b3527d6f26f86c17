"""Problems solved on the way to something else."""

from __future__ import annotations

from typing import Any

import ufm
from ufm.solution import Problem


def solved(problem: Problem, *arguments: Any, **options: Any) -> ufm.Solution:
    """``ufm.solve``, except that Ctrl-C, which a solver answers with the point reached, ends the whole work here."""
    return whole(ufm.solve(problem, *arguments, **options))


def whole(solution: ufm.Solution) -> ufm.Solution:
    """The solution; KeyboardInterrupt where Ctrl-C ended its solve early."""
    if "interrupted" in solution.status:
        raise KeyboardInterrupt
    return solution
