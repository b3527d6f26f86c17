"""Convex: the nuclear-norm program over (Z, b), solved by an external solver. cvxpy is imported only here.

With Z̃ = diag(√c) Z diag(√(nω)) and τ = 2 √(λ_W λ_H),

    min_{Z̃, b}  Σ_t c^t Σ_l n_l ℓ_t(u_tl; y_tl) + τ ‖Z̃‖_* + λ_b Σ_t c^t ‖b^t‖²,   u_l = z_l + b,

whose minimum is that of F for d ≥ min(R, m), R less the tasks of cross-entropy. The factors are
W̃ = (λ_H/λ_W)^{1/4} U S^{1/2}, H̃ = (λ_W/λ_H)^{1/4} S^{1/2} Vᵀ of the SVD Z̃ = U S Vᵀ. Source: docs/theory.md.

Solvers' tolerances are absolute, so the program is scaled: Z̃ is divided by max √(c n ω), and the objective by its own
size, first F at zero, then the value of the last solve. Whether the returned point is a minimum is judged by
``duality_residual``, not by the solver's own status.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from ufm.losses import LOSSES
from ufm.outcome import Outcome
from ufm.problems.standard_form import Float, StandardForm
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.newton.column_solution import gap_of_excess
from ufm.solvers.newton.trust_region import State, state_at
from ufm.solvers.objective import Objective
from ufm.solvers.options import Convex
from ufm.support.memory import require_memory

SOLVERS = {"CLARABEL": ("tol_gap_abs", "tol_gap_rel", "tol_feas"), "SCS": ("eps_abs", "eps_rel")}
TOLERANCE = {"CLARABEL": 1e-8, "SCS": 1e-6}  # what each reaches in seconds
ACCURACY = 1e-4  # largest ``duality_residual`` that is called converged, unless a tolerance above it was asked for
SOLVES = 5  # at most: each in the units of the one before, or to a smaller tolerance
SMALLER = 0.3  # of the size that a solve was given: an objective below that deserves a smaller one
TIGHTEN = 1e-2


def duality_residual(objective: Objective, state: State) -> float:
    """What the optimality conditions of P leave of a relative gap at balanced factors, 0 at a minimum.

        [ ‖Z‖_* + ⟨G, Z⟩ + ‖∂F/∂b̂‖²/(2ρ) ] / F + the gap of σ − 1,      Z = Ŵ Ĥ, σ = ‖G‖_2,

    with G the losses' gradient in Z: −G must be a subgradient of the nuclear norm, σ ≤ 1 and ⟨−G, Z⟩ = ‖Z‖_*.
    """
    nuclear = 0.5 * float(state.at.W_hat.square().sum() + state.at.H_hat.square().sum())
    alignment = nuclear + float((state.at.G * (state.at.W_hat @ state.at.H_hat)).sum())
    excess = max(0.0, float(torch.linalg.matrix_norm(state.at.G, 2)) - 1.0)
    bias = objective.dual_gap_of_bias(objective.split(state.gradient)[2])
    return (abs(alignment) + bias) / max(state.value, objective.nothing) + gap_of_excess(objective, state, excess)


def solve_convex(form: StandardForm, options: Convex, *, dim: int) -> ColumnSolution:
    """Raises RuntimeError unless the solver reports an optimum, ValueError for d below the module's.

    options.tolerance is the solver's own, in the module's units; ``converged`` asks for a ``duality_residual`` of at
    most ACCURACY, or of the tolerance where that is larger.
    """
    solver, tolerance = options.solver, options.tolerance
    needed = form.needed_dim
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
    unit = float(row_scale.max() * column_scale.max())
    Z_unit = cvxpy.Variable((form.rows, form.columns))
    b = cvxpy.Constant(np.zeros((form.rows, 1))) if form.lambda_b is None else cvxpy.Variable((form.rows, 1))
    u = cvxpy.multiply(unit / np.outer(row_scale, column_scale), Z_unit) + b @ np.ones((1, form.columns))
    terms: list[Any] = [form.tau * unit * cvxpy.normNuc(Z_unit)]
    for loss, rows, weights in zip(form.losses, form.blocks(), form.task_loss_weights(), strict=True):
        terms.extend(LOSSES[loss].convex(u[rows], form.targets[rows], weights))
    if form.lambda_b:
        terms.append(form.lambda_b * cvxpy.sum_squares(cvxpy.multiply(row_scale[:, None], b)))
    asked = TOLERANCE[solver] if tolerance is None else tolerance
    accuracy = ACCURACY if tolerance is None else max(ACCURACY, tolerance)

    objective = Objective(form, dim)
    size = state_at(objective, torch.zeros(objective.variables, dtype=torch.float64)).value
    best: tuple[float, State, str, bool] | None = None
    for _ in range(SOLVES):
        program = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum(cvxpy.hstack([term / size for term in terms]))))
        failure = None
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Solution may be inaccurate")  # the status says it
                program.solve(solver=solver, **dict.fromkeys(SOLVERS[solver], asked))
            if program.status not in (cvxpy.OPTIMAL, cvxpy.OPTIMAL_INACCURATE):
                failure = f"ended with status {program.status!r}"
        except cvxpy.SolverError as error:
            failure = f"failed ({error})"
        if failure is not None and best is None:
            raise RuntimeError(f"{solver} {failure}; try the other of {', '.join(SOLVERS)}")
        if failure is not None:
            break
        state = state_at(objective, _factors(objective, unit * Z_unit.value, row_scale, column_scale, b.value[:, 0]))
        residual = duality_residual(objective, state)
        told = f"{solver}: {program.status} after {program.solver_stats.num_iters} iterations"
        if best is None or state.value < best[1].value:
            best = residual, state, told, program.status == cvxpy.OPTIMAL_INACCURATE
        too_large = state.value <= SMALLER * size
        if not too_large and (best[0] <= accuracy or tolerance is not None):
            break
        size, asked = (state.value, asked) if too_large else (size, TIGHTEN * asked)
    assert best is not None
    residual, state, told, inaccurate = best
    W, H, bias = objective.unscale(state.x)
    status = f"{told}, duality residual {residual:.1e}"
    if residual > accuracy:
        status += f": not a minimum, which needs {accuracy:.0e}; lower tolerance= or take method='newton'"
    if inaccurate:
        status += "; the solver calls it inaccurate, so trust only the certificate"
    converged = residual <= accuracy and not inaccurate
    return ColumnSolution(
        W,
        H,
        bias,
        objective=state.value,
        converged=converged,
        outcome=Outcome.CONVERGED if converged else Outcome.ROUNDING,
        status=status,
    )


def _factors(objective: Objective, Z_tilde: Float, row_scale: Float, column_scale: Float, b: Float) -> torch.Tensor:
    """x of the balanced factors of Z̃, as in the module's equation."""
    form, dim = objective.form, objective.dim
    U, S, Vt = np.linalg.svd(Z_tilde, full_matrices=False)
    rank = min(dim, len(S))
    ratio = (form.lambda_H / form.lambda_W) ** 0.25
    root = np.sqrt(S[:rank])
    W = np.zeros((form.rows, dim))
    H = np.zeros((dim, form.columns))
    W[:, :rank] = ratio * U[:, :rank] * root / row_scale[:, None]
    H[:rank] = root[:, None] * Vt[:rank] / ratio / column_scale
    return objective.scale(*(torch.as_tensor(part, dtype=torch.float64) for part in (W, H, b)))
