"""The front door for many problems at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from ufm._solve import assemble, check_scales, require_problem, solve, task_seed
from ufm.outcome import Outcome
from ufm.problems.standard_form import StandardForm
from ufm.solution import Problem, Solution
from ufm.solvers.batch import Shape, Task, minimize_all
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.no_minimizer import diverging
from ufm.solvers.options import Newton
from ufm.support import validation

Progress = Callable[[int, int], Any]
ALONE = "solved alone, after a batch of its shape did not reach it"


def solve_many(
    problems: Iterable[Problem],
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    tolerance: float | None = None,
    progress: Progress | None = None,
) -> list[Solution]:
    """``ufm.solve(problem, seed=seed)`` of each problem, in order, and many times as fast for many small problems.

    Problems of one shape (classes, losses, number of columns, kind of bias) are minimized together by the batched
    Newton method of ``ufm.solvers.batch``, from the starts that they would have alone and to the same conditions. One
    that it does not reach is solved by ``ufm.solve``, and its ``status`` says so; large ones, and those without a
    minimizer, are from the first.

    problems   any iterable of problems, of whatever kinds, sizes, losses and biases; none give the empty list
    seed       of the random starts. No solution depends on which other problems there are, or in what order
    device     "cpu", where batches are spread over PyTorch's threads, or "cuda"
    tolerance  of ``ufm.Newton``
    progress   called with the numbers of problems done and in all; what it raises ends the call

    Raises ValueError or TypeError naming the argument, with the problem's position, before any is solved. Ctrl-C raises
    KeyboardInterrupt.
    """
    given = _listed(problems)
    options = Newton() if tolerance is None else Newton(tolerance=tolerance)
    seed = validation.whole_number("seed", seed, 0, validation.MAX_SEED)
    place = validation.device(device)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function of (done, total), or None, got {progress!r}")
    forms = [_forms(i, problem) for i, problem in enumerate(given)]
    solutions: list[Solution | None] = [None] * len(given)
    parts: list[list[ColumnSolution | None]] = [[None] * len(own) for own in forms]
    missing = [len(own) for own in forms]
    done = 0

    def finish(i: int, solution: Solution) -> None:
        nonlocal done
        solutions[i] = solution
        done += 1
        if progress is not None:
            progress(done, len(given))

    tasks, owners = _tasks(forms, seed)
    batched = {i for i, _ in owners}
    for found in minimize_all(tasks, tolerance=options.tolerance, device=place):
        for number, part in found:
            i, t = owners[number]
            parts[i][t] = part
            missing[i] -= 1
            if missing[i] == 0 and all(parts[i]):
                whole = [own for own in parts[i] if own is not None]
                finish(i, assemble(given[i], "newton", forms[i], whole))
    for i, problem in enumerate(given):
        if solutions[i] is not None:
            continue
        solution = solve(problem, options, seed=seed, device=place)
        if solution.outcome is Outcome.INTERRUPTED:
            raise KeyboardInterrupt
        if i in batched:
            solution = dataclasses.replace(solution, status=f"{solution.status}; {ALONE}")
        finish(i, solution)
    return [solution for solution in solutions if solution is not None]


def _listed(values: Any) -> list[Any]:
    """The problems of an iterable, checked."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"problems must be a list, or another iterable, of problems, got {type(values).__name__}")
    problems = list(values)
    for i, problem in enumerate(problems):
        require_problem(f"problems[{i}]", problem)
    return problems


def _forms(i: int, problem: Problem) -> tuple[StandardForm, ...]:
    """Of problem number i, whose errors say so."""
    try:
        check_scales(problem)
        return problem.standard_forms()
    except (ValueError, TypeError) as error:
        raise type(error)(f"problems[{i}]: {error}") from error


def _tasks(forms: Sequence[Sequence[StandardForm]], seed: int) -> tuple[list[Task], list[tuple[int, int]]]:
    """Every form of each problem whose forms are all for a batch, and the numbers of its problem and of itself."""
    tasks, owners = [], []
    for i, own in enumerate(forms):
        dim = max(form.sufficient_dim for form in own)
        if all(Shape.of(form, dim).small and not diverging(form) for form in own):
            tasks += [Task(form, dim, task_seed(seed, t)) for t, form in enumerate(own)]
            owners += [(i, t) for t in range(len(own))]
    return tasks, owners
