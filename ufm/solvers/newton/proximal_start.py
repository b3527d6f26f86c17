"""A start for squared error: proximal-gradient steps on the convex form, whose loss is then a parabola all over.

With Z = Ŵ Ĥ and L the largest curvature of the loss in Z, in turn

    b̂ ← the minimizer for this Z,      Z ← S_{1/L}(Z − G/L),      S_μ(U S Vᵀ) = U (S − μ)₊ Vᵀ.

A random start would need tens of Newton steps only to bend a product of two factors onto a parabola. Where every label
is there this is the minimum after a few steps, and where some are missing it is soft-impute; Newton goes on from it.
Directions that are zero get a little of the random start, or no step would ever see them.
Source: Mazumder, Hastie and Tibshirani, Spectral regularization algorithms for learning large incomplete matrices, JMLR
2010.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.newton.trust_region import State, state_at
from ufm.solvers.objective import Objective

STEPS = 50
SETTLED = 1e-15  # relative change of F at which steps end
LITTLE = 1e-6  # of the random start, added where Z has no direction


def proximal_start(objective: Objective, random: Tensor) -> Tensor:
    """x of balanced factors of rank ≤ d where the steps end; ``random`` is the random start's x."""
    lipschitz = float((objective.c_n * objective.E**2).max())
    x = torch.zeros_like(random)
    state = _with_bias(objective, state_at(objective, x))
    for _ in range(STEPS):
        W_hat, H_hat, b_hat = objective.split(state.x)
        U, S, Vt = torch.linalg.svd(W_hat @ H_hat - state.at.G / lipschitz, full_matrices=False)
        root = (S[: objective.dim] - 1.0 / lipschitz).clamp_min(0.0).sqrt()
        rank = len(root)
        x = torch.zeros_like(random)
        W_new, H_new, b_new = objective.split(x)
        W_new[:, :rank] = U[:, :rank] * root
        H_new[:rank] = root[:, None] * Vt[:rank]
        b_new.copy_(b_hat)
        trial = _with_bias(objective, state_at(objective, x))
        if not trial.value <= state.value * (1.0 - SETTLED):
            break
        state = trial
    W_hat, H_hat, _ = objective.split(state.x)
    W_random, H_random, _ = objective.split(random)
    empty = W_hat.square().sum(0) == 0.0
    W_hat[:, empty] = LITTLE * W_random[:, empty]
    H_hat[empty] = LITTLE * H_random[empty]
    return state.x


def _with_bias(objective: Objective, state: State) -> State:
    """At the same Z and the b̂ that is best for it: one Newton step, exact for a parabola."""
    curvature = objective.rho + objective.e**2 * objective.c_n.sum(1, keepdim=True)
    x = state.x.clone()
    _, _, b_hat = objective.split(x)
    b_hat -= objective.split(state.gradient)[2] / curvature
    return state_at(objective, x)
