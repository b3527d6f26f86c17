"""A start where labels are missing: one factor, and the bias, solved for exactly, then the other.

With V = ∂F/∂u without the penalty, L ≥ ∂²ℓ a bound of the curvature and q = L u − V at the present point, F is at most

    ½ Σ_rl L_rl u_rl² − q_rl u_rl + ½ ‖Ŵ‖² + ½ ‖Ĥ‖² + ½ Σ ρ ‖b̂‖² + constant,      u = E Ŵ Ĥ + e b̂,

and is equal to it for a parabola. In (Ĥ, b̂), and in (Ŵ, b̂), that is linear least squares, a d × d system per column or
per row. The factors are balanced in between: then each solution is a step on the convex form, of the size that the
loss's curvature in every row and column allows, however small λ is. A bound that holds for all would be soft-impute,
which takes thousands of steps where λ is small.
Source: Hastie, Mazumder, Lee and Zadeh, Matrix completion and low-rank SVD via fast alternating least squares, JMLR
2015.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.newton.balanced_factors import balanced_factors
from ufm.solvers.newton.metric import MOST_ENTRIES
from ufm.solvers.newton.trust_region import History, State, state_at
from ufm.solvers.objective import Objective

STEPS = 60  # of both factors
SETTLED, ROUGH = 1e-13, 1e-2  # relative change of F at which steps end, for parabolas and where L is only a bound


def entries(form: StandardForm, dim: int) -> int:
    """Numbers in the largest array, or 0 where they would be more than MOST_ENTRIES and other steps are cheaper."""
    R, m = form.rows, form.columns
    largest = max((R + m) * dim**2, m * dim * R, R * R)
    return largest if largest <= MOST_ENTRIES else 0


def alternating_start(objective: Objective, start: State, history: History, max_steps: int) -> State:
    """The state where the steps end, by SETTLED, by max_steps, or because rounding keeps F from falling or
    systems from being solved.
    """
    state = start
    enough = SETTLED if objective.quadratic else ROUGH
    for _ in range(min(STEPS, max_steps)):
        x = state.x
        for solve in (features, heads):
            found = solve(objective, state_at(objective, x))
            if not bool(torch.isfinite(found).all()):  # λ's are nothing beside the losses' curvature
                return state
            x = balanced_factors(objective, found)
        trial = state_at(objective, x)
        if not trial.value < state.value:
            break
        fallen = state.value - trial.value
        state = trial
        history.add(state.value, state.gradient_norm, 0.0, 0)
        if fallen <= enough * state.value:
            break
    return state


def features(objective: Objective, state: State) -> Tensor:
    """x whose (Ĥ, b̂) is the best for its Ŵ.

    With Ĥ eliminated the curvature in b̂ is ρ + e S e, S = diag Σ_l L_l − Σ_l M_lᵀ B_l⁻¹ M_l, M_l = Ŵᵀ diag(L_l E_l).
    """
    W_hat, _, _ = objective.split(state.x)
    L, q = _bound(objective, state)
    M = (L * objective.E).T[:, None] * W_hat.T  # (m, d, R)
    B = (M * objective.E.T[:, None]) @ W_hat
    B.diagonal(dim1=1, dim2=2).add_(1.0)
    root = torch.linalg.cholesky_ex(B)[0]
    Eq = (W_hat.T @ (objective.E * q)).T[..., None]
    rooted = torch.linalg.solve_triangular(root, torch.cat([M, Eq], 2), upper=False)
    left, right = rooted[..., :-1].flatten(0, 1), rooted[..., -1].flatten()
    S = torch.diag(L.sum(1)) - left.T @ left
    slope = objective.e * (q.sum(1) - left.T @ right)[:, None]
    b_hat = torch.linalg.solve_ex(torch.diag(objective.rho[:, 0]) + objective.e * S * objective.e.T, slope)[0]
    rest = W_hat.T @ (objective.E * (q - L * objective.e * b_hat))
    return objective.join(W_hat, torch.cholesky_solve(rest.T[..., None], root)[..., 0].T, b_hat)


def heads(objective: Objective, state: State) -> Tensor:
    """x whose (Ŵ, b̂) is the best for its Ĥ, row by row."""
    _, H_hat, _ = objective.split(state.x)
    L, q = _bound(objective, state)
    A = (H_hat * (L * objective.E**2)[:, None]) @ H_hat.T
    A.diagonal(dim1=1, dim2=2).add_(1.0)
    root = torch.linalg.cholesky_ex(A)[0]
    both = torch.stack([(objective.E * q) @ H_hat.T, objective.e * (L * objective.E) @ H_hat.T], 2)
    solved = torch.cholesky_solve(both, root)
    coupling = both[..., 1]
    slope = objective.e[:, 0] * q.sum(1) - (coupling * solved[..., 0]).sum(1)
    curvature = objective.rho[:, 0] + objective.e[:, 0] ** 2 * L.sum(1) - (coupling * solved[..., 1]).sum(1)
    b_hat = (slope / curvature)[:, None]
    return objective.join(solved[..., 0] - b_hat * solved[..., 1], H_hat, b_hat)


def _bound(objective: Objective, state: State) -> tuple[Tensor, Tensor]:
    """L and q, (R, m) each."""
    L, at = objective.curvature_bound, state.at
    u = torch.addcmul((at.W_hat @ at.H_hat) * objective.E, objective.e, at.b_hat)
    return L, L * u - objective.c_n * at.residual
