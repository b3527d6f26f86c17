"""The judgement of problems whose steps have ended: a minimum, more steps to a smaller target, or another solver.

The conditions are those at the end of ``ufm.solvers.newton.column_solution``: the dual constraint ‖G‖_2 ≤ 1, the gap
that breaking it by ε = σ/τ − 1 leaves, and what rounding leaves of a gradient where a loss is a parabola.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.products import norm
from ufm.solvers.batch.spectrum import spectral_norms
from ufm.solvers.batch.state import State
from ufm.solvers.batch.trust_region import ENDED, FAILED, Batch
from ufm.solvers.newton.column_solution import TIGHTEN, TIGHTENING_STEPS, UNREACHABLE
from ufm.solvers.newton.dual_constraint import RESIDUAL_ROUNDING
from ufm.solvers.newton.polar_gap import ENOUGH
from ufm.solvers.newton.rounding_floor import ROUNDING_FLOOR


def judge(batch: Batch, tolerance: float) -> None:
    """Of the problems that have ended: those that are not there yet go on, and those that cannot get there have failed.

    The residual of the others becomes the larger of stationarity's and of the gap of ε.
    """
    now, state, objective = batch.progress, batch.state, batch.objective
    ended = (now.does == ENDED).nonzero()[:, 0]
    if len(ended) == 0:
        return
    rounding = RESIDUAL_ROUNDING * objective.cancelled(state.at).flatten(0, 1).norm(dim=0)
    excess = (spectral_norms(state.at.G[..., ended]) - 1.0 - rounding[ended]).clamp_min(0.0)
    second_order = 0.5 * excess * objective.excess(state.at)[ended]
    gap = excess * (0.5 * objective.penalty(state.x)[ended] + second_order)
    gap = torch.minimum(excess, gap / torch.maximum(state.value, objective.constants.nothing)[ended])
    residual, target = state.residual[ended], now.target[ended]
    goes_on = ~now.rounded[ended] & (excess > tolerance) & (target >= UNREACHABLE)
    total = torch.maximum(residual, gap)
    floor = torch.full_like(total, max(tolerance, ROUNDING_FLOOR))
    if objective.partly_quadratic:
        floor = torch.maximum(floor, gradient_rounding(objective, state)[ended].clamp_max(ENOUGH))
    fails = ~goes_on & ~(total <= floor)
    state.residual[ended] = torch.where(goes_on, residual, total)
    now.target[ended] = torch.where(goes_on, torch.minimum(target, residual) * TIGHTEN, target)
    left = torch.where(gap <= tolerance, float(TIGHTENING_STEPS), now.steps_left[ended])
    now.steps_left[ended] = torch.where(goes_on, left, now.steps_left[ended])
    now.does[ended] = torch.where(fails, FAILED, ENDED)
    resumed = torch.zeros_like(now.rounded)
    resumed[ended] = goes_on
    batch.resume(resumed)


def gradient_rounding(objective: BatchObjective, state: State) -> Tensor:
    """(B,) the relative residual that rounding of the logits leaves."""
    at, constants = state.at, objective.constants
    W_hat, H_hat, b_hat = objective.split(state.x)
    of_g = objective.diagonal(at) * objective.logits_at(W_hat, H_hat, b_hat).abs() * 2.0**-52
    size = torch.maximum(spectral_norms(W_hat), spectral_norms(H_hat))
    rounding = torch.zeros_like(state.x)  # a gradient of that size
    rounding[0] = 2.0 * norm((of_g * constants.E).flatten(0, 1)) * size
    objective.split(rounding)[2].copy_(constants.e * of_g.sum(1))
    return objective.first_order(rounding, state.x) / torch.maximum(state.value, constants.nothing)
