"""The front door of the solvers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ufm import validation
from ufm.multi_source import MultiSource
from ufm.single_source import SingleSource
from ufm.solution import Problem, Solution
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.newton import TOLERANCE, solve_newton
from ufm.standard_form import StandardForm

METHODS = ("newton", "gradient", "convex")
OPTIONS = {
    "newton": ("steps",),
    "gradient": (
        *("dtype", "optimizer", "steps", "learning_rate", "momentum"),
        *("log_every", "checkpoint", "checkpoint_every", "progress"),
    ),
    "convex": ("solver",),
}


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
    """Minimizes Problem (3) or (4); a MultiSource problem task by task, since it is separable.

    method     "newton"    one column per label, float64, trust-region Newton-CG from a random start, to machine
                           precision. Option: ``steps``.
               "gradient"  the problem as written, each of the N features free, first order. Options: ``optimizer``
                           "lbfgs", "momentum" or "adam", ``dtype``, ``steps``, ``learning_rate``, ``momentum``,
                           ``log_every``, ``checkpoint``, ``checkpoint_every``, ``progress``.
               "convex"    cvxpy's nuclear-norm program, the outside reference for small problems (extra
                           ``convex``). Option: ``solver`` "CLARABEL" or "SCS".
    dim        feature dimension d; by default Σ K_t − T (single source) or max K_t − 1 (multi source), what the
               theorems need. A smaller one is allowed and ``status`` says what it means.
    seed       of the random start: same seed and device, same result
    device     "cpu" or "cuda" (newton, gradient)
    tolerance  newton: on the relative optimality residual, default 1e-12; gradient: on the relative gradient,
               default 1e-5; convex: the solver's own tolerance, by default the solver's own choice

    Returns a Solution. Raises ValueError or TypeError naming the argument, MemoryError before a problem too large
    is begun, ModuleNotFoundError where cvxpy is missing, RuntimeError where the convex solver fails.
    """
    if not isinstance(problem, (SingleSource, MultiSource)):
        raise TypeError(f"problem must be an ufm.SingleSource or ufm.MultiSource, got {type(problem).__name__}")
    validation.one_of("method", method, METHODS)
    for name in options:
        if name not in OPTIONS[method]:
            raise TypeError(f"{name}= is no option of method={method!r}; it takes {', '.join(OPTIONS[method])}")
    forms = problem.standard_forms()
    default_dim = max(form.sufficient_dim for form in forms)
    dim = default_dim if dim is None else validation.whole_number("dim", dim, 1)
    seed = validation.whole_number("seed", seed, 0)
    if tolerance is not None:
        tolerance = validation.positive("tolerance", tolerance)
    if method == "gradient":
        from ufm.solvers.gradient.front import solve_forms

        return solve_forms(problem, forms, dim, seed=seed, device=device, tolerance=tolerance, **options)
    device = validation.device(device)
    parts: list[ColumnSolution] = []
    for task, form in enumerate(forms):
        if method == "convex":
            from ufm.solvers.convex import solve_convex

            parts.append(solve_convex(form, dim=dim, tolerance=tolerance, **options))
        else:
            # each task of a MultiSource problem starts from numbers of its own
            task_seed = int(np.random.SeedSequence([seed, task]).generate_state(1)[0]) if task else seed
            limit = TOLERANCE if tolerance is None else tolerance
            parts.append(solve_newton(form, dim=dim, seed=task_seed, device=device, tolerance=limit, **options))
    return _assemble(problem, method, forms, parts)


def _assemble(
    problem: Problem, method: str, forms: Sequence[StandardForm], parts: Sequence[ColumnSolution]
) -> Solution:
    """One Solution of the parts, heads split by task."""
    W: list[Tensor] = []
    b: list[Tensor] = []
    for form, part in zip(forms, parts, strict=True):
        W.extend(part.W.split(form.classes))
        b.extend(part.b.split(form.classes))
    single = isinstance(problem, SingleSource)
    return Solution(
        problem=problem,
        method=method,
        W=W,
        b=b,
        H=parts[0].H if single else [part.H for part in parts],
        labels=problem.labels,
        counts=problem.counts,
        objective=sum(part.objective for part in parts),
        converged=all(part.converged for part in parts),
        status=join_status([part.status for part in parts]),
        history=parts[0].history if single else [part.history for part in parts],
    )


def join_status(statuses: Sequence[str]) -> str:
    """One sentence for all tasks: the sentence itself, or task by task."""
    if len(statuses) == 1:
        return statuses[0]
    return "; ".join(f"task {t + 1}: {status}" for t, status in enumerate(statuses))
