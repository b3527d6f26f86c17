"""Descent from a stationary point where only negative curvature is left: below the sufficient dimension.

There ‖G‖_2 > 1 at minimizers too, and neither gradient nor spectral norm tells them from saddles. Conjugate gradients
on

    ∇²F z = −r,   r = ∇²F M⁻¹ ξ,   ξ random,

do: while all curvatures along their directions are positive, their residual's part in any eigenvector of negative
curvature grows. So either a direction of negative curvature comes up, or the residual falls by PROBE and r has no
larger part in one. r is in the range of ∇²F, which leaves rotations of the factors, along which F is constant, out.
Source: Nocedal and Wright, Numerical Optimization, 2nd ed., section 7.1, the residual's polynomial.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.newton.metric import Metric
from ufm.solvers.newton.steihaug import steihaug
from ufm.solvers.newton.trust_region import ROUNDING, TINY, State, state_at
from ufm.solvers.objective import Objective

PROBE = 1e-7  # of r, in the metric where curvatures are about one
FAR_AWAY = 1e12  # radius that only a direction of no curvature, or of negative, reaches
LOGIT_CHANGE = 1.0  # of the first step tried
ENOUGH = 0.25  # of the decrease that slope and curvature promise
SHORTER = 0.25  # the next step tried


def below(objective: Objective, state: State) -> tuple[State | None, int]:
    """A point lower than a stationary one by more than rounding, or None, and the Hessian products it took."""
    z, curvature, products = least_curved(objective, state)
    slope = float(state.gradient.dot(z))
    if slope > 0.0:
        z, slope = -z, -slope
    noise = ROUNDING * objective.penalty(state.x)
    t = min(max(float(state.x.norm()), 1.0), LOGIT_CHANGE / (objective.largest_logit_change(state.at, z) + TINY))
    while curvature < 0.0 and (promised := -t * slope - 0.5 * t * t * curvature) > noise:
        if -objective.change(state.at, state.gradient, t * z) >= ENOUGH * promised:
            return state_at(objective, state.x + t * z), products
        t *= SHORTER
    return None, products


def least_curved(objective: Objective, state: State) -> tuple[Tensor, float, int]:
    """A unit vector z, zᵀ∇²F z, negative if conjugate gradients met negative curvature, and Hessian products."""
    at = state.at
    metric = Metric.at(objective, at)
    generator = torch.Generator().manual_seed(0)
    xi = torch.randn(objective.variables, generator=generator, dtype=torch.float64).to(state.x.device)
    r = objective.hessian_vector(at, xi if metric is None else metric.solve(objective, xi))
    r /= r.norm()
    step = steihaug(objective, at, r, FAR_AWAY, PROBE, metric)
    z = step.z / step.z.norm()
    return z, float(z.dot(objective.hessian_vector(at, z))), step.products + 2
