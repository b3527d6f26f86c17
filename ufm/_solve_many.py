"""The front door for many problems at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from ufm._solve import check_scales, require_problem, solve
from ufm.outcome import Outcome
from ufm.solution import Problem, Solution
from ufm.solvers.options import Newton
from ufm.support import validation

Progress = Callable[[int, int], Any]


def solve_many(
    problems: Iterable[Problem],
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    tolerance: float | None = None,
    progress: Progress | None = None,
) -> list[Solution]:
    """``ufm.solve(problem, seed=seed)`` of each problem, in order.

    problems   any iterable of problems, of whatever kinds, sizes, losses and biases; none give the empty list
    seed       of the random start, as in ``ufm.solve``: every problem has the one that it would have alone, so that no
               solution depends on which others there are, or in what order
    device     "cpu" or "cuda"
    tolerance  of ``ufm.Newton``
    progress   called with the numbers of problems done and in all; what it raises ends the call

    Raises ValueError or TypeError naming the argument, with the problem's position, before any is solved.
    """
    given = listed("problems", problems)
    for i, problem in enumerate(given):
        require_problem(f"problems[{i}]", problem)
        try:
            check_scales(problem)
        except ValueError as error:
            raise ValueError(f"problems[{i}]: {error}") from None
    options = Newton() if tolerance is None else Newton(tolerance=tolerance)
    seed = validation.whole_number("seed", seed, 0, validation.MAX_SEED)
    place = validation.device(device)
    check_progress(progress)
    solutions = []
    for problem in given:
        solution = solve(problem, options, seed=seed, device=place)
        if solution.outcome is Outcome.INTERRUPTED:
            raise KeyboardInterrupt
        solutions.append(solution)
        if progress is not None:
            progress(len(solutions), len(given))
    return solutions


def listed(name: str, values: Any) -> list[Any]:
    """The values of an iterable; TypeError naming ``name`` for one problem, text, or what is none."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, or another iterable, of problems, got {type(values).__name__}")
    return list(values)


def check_progress(value: Any) -> None:
    """A function or None."""
    if value is not None and not callable(value):
        raise TypeError(f"progress must be a function of (done, total), or None, got {value!r}")
