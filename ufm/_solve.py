"""The front door of the solvers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.single_source import SingleSource
from ufm.problems.standard_form import StandardForm
from ufm.solution import Problem, Solution
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.newton import solve_newton
from ufm.support import validation
from ufm.support.threads import threads_for

METHODS = ("newton", "gradient", "convex")
OPTIONS = {
    "newton": ("steps",),
    "gradient": (
        *("dtype", "optimizer", "steps", "learning_rate", "momentum"),
        *("log_every", "checkpoint", "checkpoint_every", "progress", "weighting", "weighting_options"),
    ),
    "convex": ("solver",),
}
# Beyond these, products of λ's, weights and counts leave float64: solvers divide by zero, or run on without progress.
LAMBDA_RANGE = (1e-100, 1e100)
TASK_WEIGHT_RANGE = (1e-50, 1e50)


def solve(
    problem: Problem,
    method: str = "newton",
    *,
    dim: int | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    tolerance: float | None = None,
    **options: Any,
) -> Solution:
    """Minimizes Problem (3), (4) or pick-all-label; a MultiSource problem task by task, since it is separable.

    method     "newton"    one column per label, float64, trust-region Newton-CG from a random start, to machine
                           precision. Option: ``steps``.
               "gradient"  the problem as written, each of the N features free, first order. Options: ``optimizer``
                           "momentum" (default), "lbfgs" or "adam", ``dtype`` torch.float64 (default) or float32,
                           ``steps``, ``learning_rate``, ``momentum``, ``log_every``, ``checkpoint``,
                           ``checkpoint_every``, ``progress``, and ``weighting`` with ``weighting_options``, for
                           task weights anew at every step: see ``ufm.solvers.gradient.minimize``.
               "convex"    cvxpy's nuclear-norm program, the outside reference for small problems (extra
                           ``convex``). Option: ``solver`` "CLARABEL" or "SCS".
    dim        feature dimension d; by default Σ K_t − T (single source), max K_t − 1 (multi source) or K − 1
               (multi-label), what the theorems need. A smaller one is allowed and ``status`` says what it means.
    seed       of the random start: same seed and device, same result
    device     "cpu" or "cuda" (newton, gradient)
    tolerance  newton: on the relative optimality residual, default 1e-12; gradient: on the relative gradient,
               default 1e-5; convex: the solver's own tolerance, by default the solver's own choice

    λ's must lie in [1e-100, 1e100] and task weights in [1e-50, 1e50]: beyond, float64 cannot hold their products.

    Returns a Solution. Raises ValueError or TypeError naming the argument, MemoryError before a problem too large
    is begun, ModuleNotFoundError where cvxpy is missing, RuntimeError where the convex solver fails.
    """
    if not isinstance(problem, (SingleSource, MultiSource, MultiLabel)):
        raise TypeError(
            f"problem must be a ufm.SingleSource, ufm.MultiSource or ufm.MultiLabel, got {type(problem).__name__}"
        )
    validation.one_of("method", method, METHODS)
    for name in options:
        if name not in OPTIONS[method]:
            raise TypeError(f"{name}= is no option of method={method!r}; it takes {', '.join(OPTIONS[method])}")
    _check_scales(problem)
    if options.get("weighting") is not None and isinstance(problem, MultiSource):
        raise ValueError(
            f"weighting={options['weighting']!r}: tasks of a ufm.MultiSource problem share no features, and "
            "weights change nothing; weigh the tasks of a ufm.SingleSource problem"
        )
    forms = problem.standard_forms()
    default_dim = max(form.sufficient_dim for form in forms)
    dim = default_dim if dim is None else validation.whole_number("dim", dim, 1)
    seed = validation.whole_number("seed", seed, 0, validation.MAX_SEED)
    if tolerance is not None:
        tolerance = validation.positive("tolerance", tolerance)
    place = validation.device(device)
    counts = problem.counts if isinstance(problem, MultiSource) else [problem.counts]
    parts: list[ColumnSolution] = []
    for task, form in enumerate(forms):
        common: dict[str, Any] = {"dim": dim, "tolerance": tolerance, **options}
        if method != "convex":
            common |= {"seed": _task_seed(seed, task), "device": place}
        if any(part.interrupted for part in parts):
            common |= {"steps": 1}  # Ctrl-C ended an earlier task: this one stays near its start
        columns = int(counts[task].sum()) if method == "gradient" else form.columns
        with threads_for(form.rows * dim * columns):
            if method == "newton":
                part = solve_newton(form, **common)
            elif method == "convex":
                from ufm.solvers.convex import solve_convex

                part = solve_convex(form, **common)
            else:
                from ufm.solvers.gradient import solve_gradient

                if len(forms) > 1:
                    common["checkpoint"] = _task_checkpoint(options.get("checkpoint"), task)
                part = solve_gradient(form, counts[task], source=problem.source, **common)
        parts.append(part)
    return _assemble(problem, method, forms, parts)


def _check_scales(problem: Problem) -> None:
    """ValueError where λ's or weights are so extreme that float64 cannot hold what a solver computes."""
    given = [(name, getattr(problem, name), LAMBDA_RANGE) for name in ("lambda_H", "lambda_W", "lambda_b")]
    given += [(f"task_weights[{t}]", float(c), TASK_WEIGHT_RANGE) for t, c in enumerate(problem.task_weights)]
    for name, value, (least, most) in given:
        if not least <= value <= most:
            raise ValueError(
                f"{name}={value:g} is beyond what solvers reach in float64; {least:g} to {most:g} will do "
                "(theory.predict takes λ's from 1e-300 to 1e300)"
            )


def _task_seed(seed: int, task: int) -> int:
    """Each task of a MultiSource problem starts from numbers of its own."""
    return int(np.random.SeedSequence([seed, task]).generate_state(1)[0]) if task else seed


def _task_checkpoint(path: Any, task: int) -> Path | None:
    """run.safetensors of task 2 is run.task2.safetensors."""
    if path is None:
        return None
    return Path(path).with_name(f"{Path(path).stem}.task{task + 1}{Path(path).suffix}")


def _assemble(
    problem: Problem, method: str, forms: Sequence[StandardForm], parts: Sequence[ColumnSolution]
) -> Solution:
    """One Solution of the parts, heads split by task."""
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
        status=_join_status([part.status for part in parts]),
        history=[part.history for part in parts] if separate else parts[0].history,
    )


def _join_status(statuses: Sequence[str]) -> str:
    """One sentence for all tasks: the sentence itself, or task by task."""
    if len(set(statuses)) == 1:
        return statuses[0] if len(statuses) == 1 else f"each of {len(statuses)} tasks: {statuses[0]}"
    return "; ".join(f"task {t + 1}: {status}" for t, status in enumerate(statuses))
