"""How small a residual float64 leaves."""

from __future__ import annotations

import torch

from ufm.solvers.newton.trust_region import State
from ufm.solvers.objective import Objective

ROUNDING_FLOOR = 1e-10  # a stalled run above this has failed; below it float64 has no more to give


def gradient_rounding(objective: Objective, state: State) -> float:
    """The relative residual that rounding leaves: of u by 2⁻⁵² of its terms, so of G by c n E diag ∂²ℓ |du|.

    Below the sufficient dimension logits of thousands tie, and what they leave is seen.
    """
    at = state.at
    terms = (at.W_hat.abs() @ at.H_hat.abs()).mul_(objective.E).add_((objective.e * at.b_hat).abs())
    of_G = objective.diagonal(at) / objective.E * terms * 2.0**-52
    of_b = objective.e * (of_G / objective.E).sum(1, keepdim=True)
    size = max(float(torch.linalg.matrix_norm(factor, 2)) for factor in (at.W_hat, at.H_hat))
    rounding = torch.zeros_like(state.x)  # a gradient of that size
    rounding[0] = 2.0 * of_G.norm() * size
    objective.split(rounding)[2].copy_(of_b)
    return objective.first_order(rounding, state.x) / max(state.value, objective.nothing)


def rounding_floor(objective: Objective, state: State) -> float:
    """The residual from which on float64 has no more to give."""
    rounds = objective.partly_quadratic or objective.narrow
    return max(ROUNDING_FLOOR, gradient_rounding(objective, state) if rounds else 0.0)
