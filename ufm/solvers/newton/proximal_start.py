"""A start by proximal-gradient steps on the convex form, whose loss is a parabola all over for squared error.

With Z = Ŵ Ĥ and L the largest curvature of the losses in Z, in turn

    b̂ ← a Newton step for this Z,      Z ← S_{1/L}(Z − G/L),      S_μ(U S Vᵀ) = U (S − μ)₊ Vᵀ.

A random start would need tens of Newton steps only to bend a product of two factors onto a parabola. Where every loss
is squared error and every label is there, all curvatures are L and this is the minimum after a step or two. Where other
losses are among them, whose own curvature may be far below L, a few steps are only a start.
Directions that are zero, and should not be, get a little of the random start, or no step would ever see them.
Source: Mazumder, Hastie and Tibshirani, Spectral regularization algorithms for learning large incomplete matrices, JMLR
2010.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ufm.solvers.newton.dual_constraint import spectral_excess
from ufm.solvers.newton.trust_region import History, State, state_at
from ufm.solvers.objective import Objective

STEPS, MIXED_STEPS = 50, 2  # where every loss is a parabola, and where not
SETTLED, CLOSE = 1e-6, 1e-6  # relative change of F, and residual, from which Newton is faster
SLOW = 0.5  # of the step before: a fall that keeps so much of it converges slower than Newton
LITTLE = 1e-6  # of the random start, added where Z has no direction
SLACK = 1e-10  # of ‖G‖_2 over 1 and its rounding: zero is then where it should be


def proximal_start(
    objective: Objective, random: Tensor, history: History, *, tolerance: float, max_steps: int
) -> State:
    """Balanced factors of rank ≤ d where the steps end; ``random`` is the random start's x."""
    bound = objective.curvature_bound
    lipschitz = float((bound * objective.E**2).max())
    curvature = objective.rho + objective.e**2 * bound.sum(1, keepdim=True)
    state = _with_bias(objective, torch.zeros_like(random), curvature)
    fallen = math.inf
    for _ in range(min(STEPS if objective.quadratic else MIXED_STEPS, max_steps)):
        W_hat, H_hat, b_hat = objective.split(state.x)
        U, S, Vt = torch.linalg.svd(W_hat @ H_hat - state.at.G / lipschitz, full_matrices=False)
        root = (S[: objective.dim] - 1.0 / lipschitz).clamp_min(0.0).sqrt()
        rank = len(root)
        x = torch.zeros_like(random)
        W_new, H_new, b_new = objective.split(x)
        W_new[:, :rank] = U[:, :rank] * root
        H_new[:rank] = root[:, None] * Vt[:rank]
        b_new.copy_(b_hat)
        trial = _with_bias(objective, x, curvature)
        before, fallen = fallen, state.value - trial.value
        if not fallen >= 0.0:
            break
        state = trial
        history.add(state.value, state.gradient_norm, 0.0, 0)
        if state.residual <= max(tolerance, CLOSE) or fallen <= SETTLED * state.value or fallen > SLOW * before:
            break
    return filled(objective, state, random)


def filled(objective: Objective, state: State, random: Tensor) -> State:
    """With a little of ``random`` in directions that are zero, where not all should be."""
    empty = objective.split(state.x)[0].square().sum(0) == 0.0
    if not empty.any() or spectral_excess(objective, state) <= SLACK:
        return state
    x = state.x.clone()
    W_hat, H_hat, _ = objective.split(x)
    W_random, H_random, _ = objective.split(random)
    W_hat[:, empty] = LITTLE * W_random[:, empty]
    H_hat[empty] = LITTLE * H_random[empty]
    return state_at(objective, x)


def _with_bias(objective: Objective, x: Tensor, curvature: Tensor) -> State:
    """At the same Z and a b̂ that is better for it, the best for parabolas: one Newton step."""
    state = state_at(objective, x)
    x = x.clone()
    objective.split(x)[2].sub_(objective.split(state.gradient)[2] / curvature)
    return state_at(objective, x)
