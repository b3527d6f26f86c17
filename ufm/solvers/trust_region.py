"""Trust-region Newton with Steihaug–Toint conjugate gradients.

Each step minimizes the quadratic model m(z) = gᵀz + ½ zᵀ∇²F z over ‖z‖ ≤ Δ by conjugate gradients stopped at the
boundary or at negative curvature, so saddles are left and minima approached at Newton's rate.
Source: Nocedal and Wright, Numerical Optimization, 2nd ed., Algorithms 4.1 and 7.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ufm.objective import Linearization, Objective

SHRINK, GROW = 0.25, 2.5  # of the radius, after a bad and after a good step that met the boundary
ROUNDING = 1e-13  # changes of F below this fraction are rounding: the model is trusted instead
MAX_CG = 500
MAX_LOGIT_CHANGE = 8.0  # in one step: cross-entropy is no parabola further away, and far off it is flat
POLISH, POLISH_FORCING = 3, 1e-3
TINY = 1e-100  # a gradient whose square float64 still holds
MAX_STALLED = 3  # steps in a row that rounding keeps from lowering the gradient
ESCAPING = 0.05  # what a step that follows negative curvature down, and so may raise the gradient, counts of one


@dataclass
class History:
    """Per Newton step: objective, gradient norm (scaled coordinates), radius, conjugate-gradient steps."""

    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    radius: list[float] = field(default_factory=list)
    cg_steps: list[int] = field(default_factory=list)

    def add(self, loss: float, gradient_norm: float, radius: float, cg_steps: int) -> None:
        """One row."""
        self.loss.append(loss)
        self.gradient_norm.append(gradient_norm)
        self.radius.append(radius)
        self.cg_steps.append(cg_steps)


@dataclass
class State:
    """A point with everything that was computed there.

    residual  (‖∇F‖ ‖x‖ + ‖∇F‖²) / F, the second norm the penalty's dual: what non-stationarity can add to the
              relative duality gap
    """

    x: Tensor
    value: float
    at: Linearization
    gradient: Tensor
    gradient_norm: float
    residual: float


def state_at(objective: Objective, x: Tensor) -> State:
    """Value and gradient at x."""
    value, pieces = objective.value(x)
    at = objective.linearize(x, pieces)
    gradient = objective.gradient(at)
    norm = float(gradient.norm())
    residual = (norm * float(x.norm()) + objective.dual_gap_of_gradient(gradient)) / value
    return State(x, value, at, gradient, norm, residual)


def steihaug(objective: Objective, state: State, radius: float, forcing: float) -> tuple[Tensor, float, bool, int]:
    """Step z, predicted decrease −m(z), whether z lies on the boundary, and the number of Hessian products."""
    z = torch.zeros_like(state.x)
    residual = state.gradient.clone()
    direction = -residual
    rr = state.gradient_norm**2
    # ‖z‖², zᵀd and ‖d‖² by recurrence: no inner products but the two that conjugate gradients need
    zz, zd, dd = 0.0, 0.0, rr
    decrease = 0.0
    for step in range(1, MAX_CG + 1):
        product = objective.hessian_vector(state.at, direction)
        curvature = float(direction.dot(product))
        alpha = rr / curvature if curvature > 0.0 else math.inf
        if curvature <= 1e-15 * dd or zz + 2 * alpha * zd + alpha * alpha * dd >= radius * radius:
            to_boundary = (math.sqrt(max(0.0, zd * zd + dd * (radius * radius - zz))) - zd) / dd
            z.add_(direction, alpha=to_boundary)
            return z, decrease + to_boundary * (rr - 0.5 * to_boundary * curvature), True, step
        z.add_(direction, alpha=alpha)
        residual.add_(product, alpha=alpha)
        decrease += 0.5 * alpha * rr
        zz += 2 * alpha * zd + alpha * alpha * dd
        rr_next = float(residual.dot(residual))
        if math.sqrt(rr_next) <= forcing * state.gradient_norm:
            break
        beta = rr_next / rr
        zd = beta * (zd + alpha * dd)
        dd = rr_next + beta * beta * dd
        rr = rr_next
        direction.mul_(beta).sub_(residual)
    return z, decrease, False, step


def minimize(
    objective: Objective, state: State, history: History, *, tolerance: float, max_steps: int
) -> tuple[State, str]:
    """Newton steps until ``state.residual`` ≤ tolerance.

    Returns the last point and why it is the last: "tolerance", "rounding" (no step lowers the gradient any more),
    "steps", or "interrupted" (Ctrl-C, which keeps what was reached).
    """
    radius = max(float(state.x.norm()), 1.0)
    stalled = 0.0
    try:
        for _ in range(max_steps):
            residual = state.residual
            if residual <= tolerance:
                return polish(objective, state, history), "tolerance"
            if stalled >= MAX_STALLED:
                return state, "rounding"
            forcing = max(min(0.1, math.sqrt(residual)), 0.1 * tolerance / residual)
            z, decrease, on_boundary, cg_steps = steihaug(objective, state, radius, forcing)
            change = objective.largest_logit_change(state.at, z)
            if change > MAX_LOGIT_CHANGE:
                # m along z is known: t gᵀz + ½ t² zᵀ∇²F z, whose second term is that of t = 1
                slope, t = float(state.gradient.dot(z)), MAX_LOGIT_CHANGE / change
                decrease = -t * slope + t * t * (decrease + slope)
                z.mul_(t)
                radius, on_boundary = float(z.norm()), True
            candidate = state_at(objective, state.x + z)
            actual = state.value - candidate.value
            if abs(actual) <= ROUNDING * state.value and decrease <= ROUNDING * state.value:
                # F no longer tells good steps from bad: the gradient does, but off a saddle, where it grows
                if on_boundary:
                    ratio = -objective.change(state.at, state.gradient, z) / decrease
                else:
                    ratio = 1.0 if candidate.gradient_norm <= state.gradient_norm else 0.0
                if candidate.gradient_norm <= 0.9 * state.gradient_norm:
                    stalled = 0.0
                else:
                    stalled += ESCAPING if on_boundary and ratio > 0.25 else 1.0
            else:
                ratio = actual / decrease
            if ratio < 0.25:
                radius = SHRINK * float(z.norm())
            elif ratio > 0.75 and on_boundary:
                radius = GROW * radius
            if ratio > 1e-4:
                state = candidate
            history.add(state.value, state.gradient_norm, radius, cg_steps)
    except KeyboardInterrupt:
        return state, "interrupted"
    return state, "tolerance" if state.residual <= tolerance else "steps"


def polish(objective: Objective, state: State, history: History) -> State:
    """A few more Newton steps, as long as each divides the gradient by ten.

    A head just below its threshold is so small that its direction needs a gradient far below the tolerance.
    """
    for _ in range(POLISH):
        if state.gradient_norm < TINY:
            break
        z, _, on_boundary, cg_steps = steihaug(objective, state, float(state.x.norm()), POLISH_FORCING)
        candidate = state_at(objective, state.x + z)
        if on_boundary or not candidate.gradient_norm <= 0.1 * state.gradient_norm:
            break
        state = candidate
        history.add(state.value, state.gradient_norm, float(z.norm()), cg_steps)
    return state
