"""Steihaug–Toint conjugate gradients for the trust region's quadratic model.

Minimizes m(z) = gᵀz + ½ zᵀ∇²F z over ‖z‖_M ≤ Δ, stopped at the boundary or at negative curvature.
Source: Nocedal and Wright, Numerical Optimization, 2nd ed., Algorithm 7.2; Conn, Gould and Toint, Trust-Region
Methods, Algorithm 7.5.1 for a metric M.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ufm.solvers.newton.label_metric import LabelMetric
from ufm.solvers.newton.metric import Metric
from ufm.solvers.newton.shared_metric import SharedMetric
from ufm.solvers.objective import Linearization, Objective

MAX_CG = 500


@dataclass
class Step:
    """z, predicted decrease −m(z), whether z lies on the boundary, Hessian products, and ‖z‖ in the metric."""

    z: Tensor
    decrease: float
    on_boundary: bool
    products: int
    length: float


def steihaug(
    objective: Objective,
    at: Linearization,
    gradient: Tensor,
    radius: float,
    forcing: float,
    metric: Metric | SharedMetric | LabelMetric | None = None,
) -> Step:
    """Preconditioned conjugate gradients in ``metric``, by default the Euclidean one of x."""

    def solve(r: Tensor) -> Tensor:
        return r if metric is None else metric.solve(objective, r)

    z = torch.zeros_like(gradient)
    residual = gradient.clone()
    y = solve(residual)
    direction = -y
    rr = first = float(residual.dot(y))
    # ‖z‖², zᵀMd and ‖d‖² by recurrence: no inner products but the two that conjugate gradients need
    zz, zd, dd = 0.0, 0.0, rr
    decrease = 0.0
    for step in range(1, MAX_CG + 1):
        product = objective.hessian_vector(at, direction)
        curvature = float(direction.dot(product))
        alpha = rr / curvature if curvature > 0.0 else math.inf
        if curvature <= 1e-15 * dd or zz + 2 * alpha * zd + alpha * alpha * dd >= radius * radius:
            to_boundary = (math.sqrt(max(0.0, zd * zd + dd * (radius * radius - zz))) - zd) / dd
            z.add_(direction, alpha=to_boundary)
            return Step(z, decrease + to_boundary * (rr - 0.5 * to_boundary * curvature), True, step, radius)
        z.add_(direction, alpha=alpha)
        residual.add_(product, alpha=alpha)
        decrease += 0.5 * alpha * rr
        zz += 2 * alpha * zd + alpha * alpha * dd
        y = solve(residual)
        rr_next = float(residual.dot(y))
        if rr_next <= forcing**2 * first:
            break
        beta = rr_next / rr
        zd = beta * (zd + alpha * dd)
        dd = rr_next + beta * beta * dd
        rr = rr_next
        direction.mul_(beta).sub_(y)
    return Step(z, decrease, False, step, math.sqrt(max(0.0, zz)))
