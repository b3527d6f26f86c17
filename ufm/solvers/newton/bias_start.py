"""Where Newton starts if every loss is a parabola and the bias is penalized: the minimum of the convex form, over b̂.

With the one curvature L of all entries, the best Z for a bias is one step away, a matrix with shrunk singular values:

    φ(b̂) = min_Z P(Z, b̂),    Z(b̂) = shrink(Z − G/L, 1/L),    ∇φ = ∂P/∂b̂ at Z(b̂), by Danskin.

φ is convex and its curvature at most 1, but down to ρ = 2 λ_b c e², however small that is: steps in turn on Z and b̂
would take 1/ρ turns to hand a mean over from the bias to the heads. BFGS in R variables takes a few dozen.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.newton.trust_region import History, State, state_at
from ufm.solvers.objective import Objective

STEPS = 100
SETTLED = 1e-15  # of F: less is rounding
ENOUGH = 1e-4  # of the fall that the slope promises
HALVINGS = 30


def takes(objective: Objective) -> bool:
    """Whether a step on Z is exact: parabolas of one curvature, no label missing; and ρ is between 0 and 1."""
    form = objective.form
    uniform = bool((form.omega == form.omega[0]).all())
    return bool(form.lambda_b) and objective.quadratic and form.labelled is None and uniform


def bias_start(objective: Objective, history: History, *, tolerance: float, max_steps: int) -> State:
    """Balanced factors of rank ≤ d of the minimum over Z and b̂, as near as float64 tells; from the better of no bias
    and the one that is best without heads.
    """
    lipschitz = float((objective.curvature_bound * objective.E**2).max())
    none = objective.e.new_zeros(objective.form.rows)
    alone = -_bias(objective, state_at(objective, objective.e.new_zeros(objective.variables)))[1]
    starts = [_fitted(objective, lipschitz, b) for b in (none, alone)]
    state = min(starts, key=lambda reached: reached.value)
    inverse = torch.eye(len(none), dtype=none.dtype, device=none.device)
    for k in range(min(STEPS, max_steps)):
        history.add(state.value, state.gradient_norm, 0.0, 0)
        if state.residual <= tolerance:
            break
        b, gradient = _bias(objective, state)
        direction = -(inverse @ gradient)
        slope = float(direction @ gradient)
        t = 1.0
        for _ in range(HALVINGS):
            trial = _fitted(objective, lipschitz, b + t * direction)
            if trial.value <= state.value + ENOUGH * t * slope:
                break
            t *= 0.5
        else:
            break
        fallen = state.value - trial.value
        s, y = t * direction, _bias(objective, trial)[1] - gradient
        state, curved = trial, float(s @ y)
        if fallen <= SETTLED * state.value:
            break
        if curved > 0.0:
            if k == 0:
                inverse *= curved / float(y @ y)
            turned = inverse @ y
            inverse += (1.0 + float(y @ turned) / curved) / curved * torch.outer(s, s)
            inverse -= (torch.outer(turned, s) + torch.outer(s, turned)) / curved
    return state


def _bias(objective: Objective, state: State) -> tuple[Tensor, Tensor]:
    """b̂ and ∇φ there."""
    return objective.split(state.x)[2].flatten(), objective.split(state.gradient)[2].flatten()


def _fitted(objective: Objective, lipschitz: float, b_hat: Tensor) -> State:
    """Balanced factors of Z(b̂), beside b̂; from Z = 0, whose step is as exact as any."""
    x = b_hat.new_zeros(objective.variables)
    objective.split(x)[2].copy_(b_hat[:, None])
    U, S, Vt = torch.linalg.svd(-state_at(objective, x).at.G / lipschitz, full_matrices=False)
    root = (S[: objective.dim] - 1.0 / lipschitz).clamp_min(0.0).sqrt()
    W_hat, H_hat, _ = objective.split(x)
    W_hat[:, : len(root)] = U[:, : len(root)] * root
    H_hat[: len(root)] = root[:, None] * Vt[: len(root)]
    return state_at(objective, x)
