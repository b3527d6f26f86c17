"""Where Newton starts on a large problem: as far as F falls along the losses' own gradient at zero.

With G the gradient in Ŵ Ĥ at W = 0, b = 0, and −G = U S Vᵀ,

    Z(α) = α U (S − 1)₊ Vᵀ,   α = argmin of the losses at Z(α) plus α Σ (S − 1)₊,

a step of the proximal-gradient method as long as F falls along it, convex in α, and then steps on b. All directions in
which F falls at zero take part, each as much as the gradient has of it: from a random start those of rare labels come
last. Directions without any part are given a little of the random start, unless zero is where they should be.
Source: Combettes and Pesquet, Proximal splitting methods in signal processing, 2011, for the step.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ufm.solvers.newton.proximal_start import filled
from ufm.solvers.newton.trust_region import State, state_at
from ufm.solvers.objective import Objective

FACTOR = 8.0  # between the α tried before two enclose the best
HALVINGS = 8  # of log α between them
FARTHEST = 40  # powers of FACTOR
BIAS_STEPS = 4


def ray_start(objective: Objective, random: Tensor) -> State:
    """The state of balanced factors, of rank ≤ d, of Z(α)."""
    zero = state_at(objective, torch.zeros_like(random))
    U, S, Vt = torch.linalg.svd(-zero.at.G, full_matrices=False)
    S = (S[: objective.dim] - 1.0).clamp_min(0.0)
    Z = (U[:, : len(S)] * S) @ Vt[: len(S)]
    nuclear = float(S.sum())
    if nuclear == 0.0:
        return filled(objective, zero, random)

    def slope(log_alpha: float) -> float:
        """dF / dα."""
        return objective.slope_of_losses(math.exp(log_alpha) * Z, Z) + nuclear

    step = math.log(FACTOR)
    high = next((i * step for i in range(FARTHEST) if slope(i * step) > 0.0), FARTHEST * step)
    low = next((high - i * step for i in range(1, FARTHEST) if slope(high - i * step) <= 0.0), high - FARTHEST * step)
    high = low + step
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if slope(middle) > 0.0 else (middle, high)
    root = (math.exp(0.5 * (low + high)) * S).sqrt()
    x = torch.zeros_like(random)
    W_hat, H_hat, _ = objective.split(x)
    W_hat[:, : len(S)] = U[:, : len(S)] * root
    H_hat[: len(S)] = root[:, None] * Vt[: len(S)]
    return filled(objective, _with_bias(objective, state_at(objective, x)), random)


def _with_bias(objective: Objective, state: State) -> State:
    """After Newton steps on b̂ alone, by the diagonal of its curvature, as long as F falls."""
    for _ in range(0 if objective.form.lambda_b is None else BIAS_STEPS):
        curvature = (objective.diagonal(state.at) / objective.E**2).sum(1, keepdim=True)
        step = objective.split(state.gradient)[2] / (objective.rho + objective.e**2 * curvature)
        x = state.x.clone()
        objective.split(x)[2].sub_(objective.centred(step) if objective.form.lambda_b == 0.0 else step)
        trial = state_at(objective, x)
        if not trial.value < state.value:
            break
        state = trial
    return state
