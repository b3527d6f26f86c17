"""The front door of the solvers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack, assert_never, get_args, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.outcome import Outcome, worst
from ufm.problems.multi_source import MultiSource
from ufm.problems.standard_form import StandardForm
from ufm.problems.targeted import Targeted
from ufm.solution import Problem, Solution
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.convex import solve_convex
from ufm.solvers.newton import solve_newton
from ufm.solvers.no_minimizer import told
from ufm.solvers.options import (
    METHODS,
    Convex,
    ConvexOptions,
    Gradient,
    GradientOptions,
    Newton,
    NewtonOptions,
    Options,
    Projection,
    ProjectionOptions,
)
from ufm.solvers.projection import solve_projection
from ufm.support import validation
from ufm.support.nearest_name import nearest
from ufm.support.threads import threads_for

logger = logging.getLogger(__name__)

# Beyond these, products of λ's, weights and counts leave float64: solvers divide by zero, or run on without progress.
LAMBDA_RANGE = (1e-100, 1e100)
TASK_WEIGHT_RANGE = (1e-50, 1e50)
LARGEST_TARGET = 1e70


class _Where(TypedDict, total=False):
    dim: int | None
    seed: int
    device: torch.device | str


class _ByNewton(_Where, NewtonOptions, total=False):
    pass


class _ByGradient(_Where, GradientOptions, total=False):
    pass


class _ByProjection(_Where, ProjectionOptions, total=False):
    pass


class _ByConvex(_Where, ConvexOptions, total=False):
    pass


@overload
def solve(problem: Problem, method: Literal["newton"] | Newton = ..., **options: Unpack[_ByNewton]) -> Solution: ...


@overload
def solve(problem: Problem, method: Literal["gradient"] | Gradient, **options: Unpack[_ByGradient]) -> Solution: ...


@overload
def solve(
    problem: Problem, method: Literal["projection"] | Projection, **options: Unpack[_ByProjection]
) -> Solution: ...


@overload
def solve(problem: Problem, method: Literal["convex"] | Convex, **options: Unpack[_ByConvex]) -> Solution: ...


def solve(
    problem: Problem,
    method: str | Options = "newton",
    *,
    dim: int | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    tolerance: float | None = None,
    **options: Any,
) -> Solution:
    """Minimizes Problem (3), (4), pick-all-label or regression; a MultiSource problem is separable and solved task by
    task.

    method     ``ufm.Newton(…)``, ``ufm.Gradient(…)``, ``ufm.Projection(…)`` or ``ufm.Convex(…)``, whose documentation
               lists the options; or "newton", "gradient", "projection" or "convex" with the options as keywords here
    dim        feature dimension d; the default suffices: Σ K_t less one for each task with cross-entropy (multi
               source: the largest of its tasks'). A smaller one is allowed and ``status`` says what it means.
    seed       of the random start: same seed and device, same result (large problems hardly use it)
    device     "cpu" or "cuda" (newton, gradient, projection)
    distributed  (gradient) True or "sharded": the columns of H are shared among the processes of the initialized
               process group, all of which call this with the same problem and options; see ``ufm.Gradient``
    tolerance  an option of the method, with a meaning of its own in each; None is the method's default

    λ's must lie in [1e-100, 1e100] and task weights in [1e-50, 1e50]: beyond, float64 cannot hold their products.

    Returns a Solution. Raises ValueError or TypeError naming the argument, MemoryError before a problem that is too
    large is begun, ModuleNotFoundError if cvxpy is missing, RuntimeError if the convex solver fails.
    """
    require_problem("problem", problem)
    chosen = _chosen(method, options if tolerance is None else {"tolerance": tolerance, **options})
    check_scales(problem)
    if isinstance(chosen, Gradient) and chosen.weighting is not None and isinstance(problem, MultiSource):
        raise ValueError(
            f"weighting={chosen.weighting!r}: tasks of a ufm.MultiSource problem share no features, and "
            "weights change nothing; weigh the tasks of a ufm.SingleSource problem"
        )
    forms = problem.standard_forms()
    default_dim = max(form.sufficient_dim for form in forms)
    dim = default_dim if dim is None else validation.whole_number("dim", dim, 1)
    seed = validation.whole_number("seed", seed, 0, validation.MAX_SEED)
    place = validation.device(device)
    counts = problem.counts if isinstance(problem, MultiSource) else [problem.counts]
    name = next(name for name, kind in METHODS.items() if isinstance(chosen, kind))
    logger.info("solving %r by %s, d = %d, on %s", problem, name, dim, place)
    parts: list[ColumnSolution] = []
    for task, form in enumerate(forms):
        # Ctrl-C ended an earlier task: this one stays near its start
        stopped = any(part.outcome is Outcome.INTERRUPTED for part in parts)
        own_seed = task_seed(seed, task)
        columns = int(counts[task].sum()) if isinstance(chosen, Gradient) else form.columns
        with threads_for(form.rows * dim * columns):
            match chosen:
                case Newton():
                    own = replace(chosen, steps=1) if stopped else chosen
                    part = solve_newton(form, own, dim=dim, seed=own_seed, device=place)
                case Gradient():
                    # late: scipy.optimize and progress bars take as long to import as all the rest
                    from ufm.solvers.gradient import minimize

                    changes: dict[str, Any] = {"steps": 1} if stopped else {}
                    if len(forms) > 1:
                        changes["checkpoint"] = _task_checkpoint(chosen.checkpoint, task)
                    part = minimize(
                        *(form, counts[task]),
                        labels=problem.labels[task] if isinstance(problem, MultiSource) else problem.labels,
                        task=task,
                        dim=dim,
                        seed=own_seed,
                        device=place,
                        **vars(chosen) | changes,
                    )
                case Projection():
                    own_steps = replace(chosen, steps=1) if stopped else chosen
                    part = solve_projection(form, own_steps, dim=dim, device=place)
                case Convex():
                    part = solve_convex(form, chosen, dim=dim)
                case _:
                    assert_never(chosen)
        parts.append(told(form, part))
    solution = assemble(problem, name, forms, parts)
    logger.info("solved: F = %.12g, %s", solution.objective, solution.status)
    return solution


def _chosen(method: Any, options: Mapping[str, Any]) -> Options:
    """Returns the method with its options checked; keywords given with an instance replace its fields."""
    if isinstance(method, tuple(METHODS.values())):
        name = f"ufm.{type(method).__name__}"
        kind: Any = type(method)
        base = vars(method)
    else:
        validation.one_of("method", method, tuple(METHODS))
        name, kind, base = f"method={method!r}", METHODS[method], {}
    takes = [field.name for field in fields(kind)]
    for option in options:
        if option not in takes:
            near = nearest(option, takes)
            meant = f"did you mean {near}=? " if near else ""
            raise TypeError(f"{option}= is not an option of {name}; {meant}it takes {', '.join(takes)}")
    made: Options = kind(**{**base, **options})
    return made


def require_problem(name: str, value: Any) -> None:
    """Raises TypeError naming ``name`` unless the value is a problem of this package."""
    kinds = get_args(Problem)
    if not isinstance(value, kinds):
        names = ", ".join(f"ufm.{kind.__name__}" for kind in kinds)
        raise TypeError(f"{name} must be one of {names}, got {type(value).__name__}")


def check_scales(problem: Problem) -> None:
    """Raises ValueError if λ's or weights are so extreme that float64 cannot hold what a solver computes."""
    given = [(name, getattr(problem, name), LAMBDA_RANGE) for name in ("lambda_H", "lambda_W")]
    if problem.lambda_b:
        given.append(("lambda_b", problem.lambda_b, LAMBDA_RANGE))
    given += [(f"task_weights[{t}]", float(c), TASK_WEIGHT_RANGE) for t, c in enumerate(problem.task_weights)]
    if isinstance(problem, Targeted) and np.abs(problem.targets).max() > LARGEST_TARGET:
        raise ValueError(
            f"targets reach {np.abs(problem.targets).max():g}; beyond {LARGEST_TARGET:g} float64 overflows: give them "
            "in units in which they are of order one"
        )
    for name, value, (least, most) in given:
        if not least <= value <= most:
            raise ValueError(
                f"{name}={value:g} is beyond what solvers reach in float64; {least:g} to {most:g} will do "
                "(theory.predict takes λ's from 1e-300 to 1e300)"
            )


def task_seed(seed: int, task: int) -> int:
    """A different seed for each task of a MultiSource problem."""
    return int(np.random.SeedSequence([seed, task]).generate_state(1)[0]) if task else seed


def _task_checkpoint(path: Any, task: int) -> Path | None:
    """run.safetensors of task 2 is run.task2.safetensors."""
    if path is None:
        return None
    return Path(path).with_name(f"{Path(path).stem}.task{task + 1}{Path(path).suffix}")


def assemble(problem: Problem, method: str, forms: Sequence[StandardForm], parts: Sequence[ColumnSolution]) -> Solution:
    """Joins the parts into one Solution, with heads split by task."""
    W: list[Tensor] = []
    b: list[Tensor] = []
    labels: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.int64]] = []
    separate = isinstance(problem, MultiSource)
    tasks = zip(problem.labels, problem.counts, strict=True) if separate else [(problem.labels, problem.counts)]
    for form, part, (task_labels, task_counts) in zip(forms, parts, tasks, strict=True):
        W.extend(part.W.split(form.classes))
        b.extend(part.b.split(form.classes))
        free = part.sample_column is not None
        labels.append(task_labels[part.sample_column] if free else task_labels)
        counts.append(np.ones(len(labels[-1]), dtype=np.int64) if free else task_counts)
    return Solution(
        problem=problem,
        method=method,
        W=W,
        b=b,
        H=[part.H for part in parts] if separate else parts[0].H,
        labels=tuple(labels) if separate else labels[0],
        counts=tuple(counts) if separate else counts[0],
        objective=sum(part.objective for part in parts),
        converged=all(part.converged for part in parts),
        outcome=worst(part.outcome for part in parts),
        status=_join_status([part.status for part in parts]),
        history=[part.history for part in parts] if separate else parts[0].history,
    )


def _join_status(statuses: Sequence[str]) -> str:
    """One sentence for all tasks: the sentence itself, or task by task."""
    if len(set(statuses)) == 1:
        return statuses[0] if len(statuses) == 1 else f"each of {len(statuses)} tasks: {statuses[0]}"
    return "; ".join(f"task {t + 1}: {status}" for t, status in enumerate(statuses))
