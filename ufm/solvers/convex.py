"""Convex: the nuclear-norm program over (Z, b), given to a solver from outside. cvxpy is imported only here.

With Z̃ = diag(√c) Z diag(√(nω)) and τ = 2 √(λ_W λ_H),

    min_{Z̃, b}  Σ_t c^t Σ_l n_l [ s_tl lse(u_tl) − ⟨y_tl, u_tl⟩ ] + τ ‖Z̃‖_* + λ_b Σ_t c^t ‖b^t‖²,   u_l = z_l + b,

whose minimum is that of F for d ≥ min(R − T, m). The factors are
W̃ = (λ_H/λ_W)^{1/4} U S^{1/2}, H̃ = (λ_W/λ_H)^{1/4} S^{1/2} Vᵀ of the SVD Z̃ = U S Vᵀ. Source: docs/theory.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ufm.objective import evaluate
from ufm.outcome import Outcome
from ufm.problems.standard_form import StandardForm
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.options import Convex
from ufm.support.memory import require_memory

SOLVERS = {"CLARABEL": ("tol_gap_abs", "tol_gap_rel", "tol_feas"), "SCS": ("eps_abs", "eps_rel")}


def solve_convex(form: StandardForm, options: Convex, *, dim: int) -> ColumnSolution:
    """Raises RuntimeError unless the solver reports an optimum, ValueError for d < min(R − T, m)."""
    solver, tolerance = options.solver, options.tolerance
    needed = min(form.sufficient_dim, form.columns)
    if dim < needed:
        raise ValueError(
            f"dim={dim} is less than {needed}: the convex program has no limit on the rank, so method='convex' needs "
            f"dim ≥ {needed}; method='newton' takes any"
        )
    try:
        import cvxpy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "method='convex' needs cvxpy: pip install 'ufm-toolkit[convex]'", name=error.name
        ) from error
    side = form.rows + form.columns
    require_memory(8 * (side * (side + 1) // 2) ** 2, "cpu", f"the cone program of side R + m = {side}")

    column_scale = np.sqrt(form.multiplicity * form.omega)
    row_scale = np.sqrt(form.row_weights())
    Z_tilde = cvxpy.Variable((form.rows, form.columns))
    b = cvxpy.Variable((form.rows, 1))
    u = cvxpy.multiply(1.0 / np.outer(row_scale, column_scale), Z_tilde) + b @ np.ones((1, form.columns))
    masses = form.masses()
    loss: Any = 0.0
    for t, c in enumerate(form.task_weights):
        block = slice(form.offsets[t], form.offsets[t + 1])
        weights = c * form.multiplicity
        loss += (weights * masses[t]) @ cvxpy.log_sum_exp(u[block], axis=0)
        loss -= cvxpy.sum(cvxpy.multiply(weights * form.targets[block], u[block]))
        loss += form.lambda_b * c * cvxpy.sum_squares(b[block])
    program = cvxpy.Problem(cvxpy.Minimize(loss + form.tau * cvxpy.normNuc(Z_tilde)))
    settings = {} if tolerance is None else dict.fromkeys(SOLVERS[solver], tolerance)
    try:
        program.solve(solver=solver, **settings)
    except cvxpy.SolverError as error:
        raise RuntimeError(f"{solver} failed ({error}); try the other of {', '.join(SOLVERS)}") from error
    if program.status not in (cvxpy.OPTIMAL, cvxpy.OPTIMAL_INACCURATE):
        raise RuntimeError(f"{solver} ended with status {program.status!r}; try the other of {', '.join(SOLVERS)}")

    U, S, Vt = np.linalg.svd(Z_tilde.value, full_matrices=False)
    rank = min(dim, len(S))
    ratio = (form.lambda_H / form.lambda_W) ** 0.25
    root = np.sqrt(S[:rank])
    W = np.zeros((form.rows, dim))
    H = np.zeros((dim, form.columns))
    W[:, :rank] = ratio * U[:, :rank] * root / row_scale[:, None]
    H[:rank] = root[:, None] * Vt[:rank] / ratio / column_scale
    bias = b.value[:, 0]
    point = torch.as_tensor(W), torch.as_tensor(H), torch.as_tensor(bias, dtype=torch.float64)
    inaccurate = program.status == cvxpy.OPTIMAL_INACCURATE
    advice = "; the solver calls it inaccurate, so trust the certificate only" if inaccurate else ""
    return ColumnSolution(
        *point,
        objective=evaluate(form, *point),
        converged=not inaccurate,
        outcome=Outcome.ROUNDING if inaccurate else Outcome.CONVERGED,
        status=f"{solver}: {program.status} after {program.solver_stats.num_iters} iterations{advice}",
    )
