"""The features that are best for given heads: one strictly convex problem per column, all at once.

    min over ĥ_l of  Σ_t c^t n_l ℓ_t(E_l Ŵ ĥ_l + e b̂) + ½ ‖ĥ_l‖²,      Hessian B_l = I + Ŵᵀ E_l ∂²ℓ_l E_l Ŵ.

A Newton step that moves a column's logits by δ at most, in differences, is taken to log(1 + δ)/δ: that descends where a
loss's third derivative is at most its second times the logits' change, and is all of the step near the end.
Source: Bach, Self-concordant analysis for logistic regression, Electronic Journal of Statistics 2010.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.newton.trust_region import State, state_at
from ufm.solvers.objective import Linearization, Objective

STEPS = 30
FITTED = 1e-10  # of the features' norm: a gradient in them that is as good as none
NEAR = 0.1  # change of logits up to which a step is whole


def best_features(objective: Objective, state: State) -> State:
    """At the same heads, until no step lowers F or its gradient in the features."""
    for _ in range(STEPS):
        W_hat, H_hat, b_hat = objective.split(state.x)
        slope = objective.split(state.gradient)[1]
        if float(slope.norm()) <= FITTED * float(H_hat.norm()):
            break
        root = torch.linalg.cholesky_ex(feature_blocks(objective, state.at))[0]
        dH = -torch.cholesky_solve(slope.T[..., None], root)[..., 0].T
        trial = state_at(objective, objective.join(W_hat, H_hat + _share(objective, W_hat @ dH) * dH, b_hat))
        left = objective.split(trial.gradient)[1]
        if not (trial.value < state.value or float(left.norm()) < float(slope.norm())):
            break
        state = trial
    return state


def feature_blocks(objective: Objective, at: Linearization) -> Tensor:
    """(m, d, d) B_l."""
    columns = []
    for w in at.W_hat.T:
        du = w[:, None] * objective.E
        runs = zip(objective.runs, at.states, strict=True)
        dG = torch.cat([run.columns.curve(state, du[run.rows]) for run, state in runs]) * objective.E
        columns.append(at.W_hat.T @ dG)
    blocks = torch.stack(columns, 1).permute(2, 0, 1).contiguous()
    blocks.diagonal(dim1=1, dim2=2).add_(1.0)
    return blocks


def _share(objective: Objective, product: Tensor) -> Tensor:
    """(m,) of a step that changes Ŵ Ĥ by product."""
    du = objective.centred(product * objective.E)
    delta = du.new_zeros(du.shape[1])
    for run in objective.runs:
        if not run.loss.quadratic:
            delta = torch.maximum(delta, 2.0 * du[run.rows].abs().amax(0))
    return torch.where(delta > NEAR, torch.log1p(delta) / delta.clamp_min(NEAR), 1.0)
