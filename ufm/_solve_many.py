"""The front door for many problems at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import chain
from typing import Any

import torch

from ufm._solve import assemble, check_scales, require_problem, solve, task_seed
from ufm.outcome import Outcome
from ufm.problems.standard_form import StandardForm
from ufm.solution import Problem, Solution
from ufm.solvers.batch import Task, minimize_all
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
    """Solves each problem as ``ufm.solve(problem, seed=seed)`` does, in order; many times faster for many small
    problems.

    Problems of one shape (classes, losses, number of columns, kind of bias) are minimized together by the batched
    Newton method of ``ufm.solvers.batch``, from the same starts and to the same conditions as alone. A problem that it
    does not solve goes to ``ufm.solve``, and its ``status`` says so. Shapes with fewer than 16 problems, large
    problems, squared error with labels missing, and problems without a minimizer go there directly.

    problems   any iterable of problems, of any kinds, sizes, losses and biases; an empty one returns []
    seed       of the random starts, as in ``ufm.solve``: no solution depends on the order of the problems, nor,
               rounding apart, on which others there are
    device     "cpu", where batches are spread over PyTorch's threads, or "cuda"; solutions are on the CPU
    tolerance  of ``ufm.Newton``
    progress   called with (done, total), the numbers of problems; an exception that it raises ends the call

    Raises ValueError or TypeError naming the argument and the problem's position, before any is solved. Ctrl-C raises
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
    done = 0

    def finish(i: int, solution: Solution) -> None:
        nonlocal done
        solutions[i] = solution
        done += 1
        if progress is not None:
            progress(done, len(given))

    tasks, owners = _tasks(forms, seed)
    not_reached: set[int] = set()
    # closed at once when ``progress`` raises: threads end
    with closing(minimize_all(tasks, tolerance=options.tolerance, device=place)) as batches:
        for number, part in chain.from_iterable(batches):
            i, t = owners[number]
            if part is None:
                not_reached.add(i)
            parts[i][t] = part
            whole = [own for own in parts[i] if own is not None]
            if len(whole) == len(forms[i]):
                finish(i, assemble(given[i], "newton", forms[i], whole))
    for i, problem in enumerate(given):
        if solutions[i] is not None:
            continue
        solution = solve(problem, options, seed=seed, device=place)
        if solution.outcome is Outcome.INTERRUPTED:
            raise KeyboardInterrupt
        if i in not_reached:
            solution = dataclasses.replace(solution, status=f"{solution.status}; {ALONE}")
        finish(i, _on_cpu(solution))
    return [solution for solution in solutions if solution is not None]


def _on_cpu(solution: Solution) -> Solution:
    """The solution with its arrays on the CPU."""
    H = [h.cpu() for h in solution.H] if isinstance(solution.H, list) else solution.H.cpu()
    return dataclasses.replace(solution, W=[w.cpu() for w in solution.W], b=[v.cpu() for v in solution.b], H=H)


def _listed(values: Any) -> list[Any]:
    """The problems of an iterable as a checked list."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"problems must be a list, or another iterable, of problems, got {type(values).__name__}")
    problems = list(values)
    for i, problem in enumerate(problems):
        require_problem(f"problems[{i}]", problem)
    return problems


def _forms(i: int, problem: Problem) -> tuple[StandardForm, ...]:
    """The standard forms of problem number i; errors name its position."""
    try:
        check_scales(problem)
        return problem.standard_forms()
    except (ValueError, TypeError) as error:
        raise type(error)(f"problems[{i}]: {error}") from error


def _tasks(forms: Sequence[Sequence[StandardForm]], seed: int) -> tuple[list[Task], list[tuple[int, int]]]:
    """Every form of each problem that has a minimizer, and the numbers of its problem and of itself."""
    tasks, owners = [], []
    for i, own in enumerate(forms):
        dim = max(form.sufficient_dim for form in own)
        if not any(diverging(form) for form in own):
            tasks += [Task(form, dim, task_seed(seed, t)) for t, form in enumerate(own)]
            owners += [(i, t) for t in range(len(own))]
    return tasks, owners
