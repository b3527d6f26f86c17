"""Newton on the heads alone, the features eliminated: long runs below the sufficient dimension.

There soft targets cannot all be met, and what ties logits to each other is some 1/λ times as stiff as what is left to
gain: the points where F is least but for that form a curved valley in (Ŵ, Ĥ, b̂), along which steps in all three crawl.
For given heads F is strictly convex in each feature, and the best one follows the valley by itself:

    φ(Ŵ, b̂) = min_Ĥ F,    ∇φ = ∂F/∂(Ŵ, b̂) at the best Ĥ,    ∇²φ = F_ww − F_wh B⁻¹ F_hw,

B = diag(B_l), B_l = I + Ŵᵀ E_l ∂²ℓ_l E_l Ŵ a d × d matrix per column. The trust region is one in (Ŵ, b̂), and the
model's minimum there is exact, from the eigenvectors of ∇²φ.
Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
separate, SIAM Journal on Numerical Analysis 1973; Conn, Gould and Toint, Trust-Region Methods, section 7.3.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ufm.solvers.newton.best_features import best_features, feature_blocks
from ufm.solvers.newton.metric import Metric
from ufm.solvers.newton.steihaug import Step
from ufm.solvers.newton.trust_region import GROW, RESOLVED, ROUNDING, SHRINK, History, State, state_at
from ufm.solvers.objective import Linearization, Objective
from ufm.solvers.options import Newton

MOST_VARIABLES = 200  # of (Ŵ, b̂): each costs two Hessian products a step
STEPS = (250, 400)  # from where other steps crawl, and from another start
MOST_STALLED = 6  # steps in a row of which rounding hides what they gain
BISECTIONS = 100  # of μ


def takes(objective: Objective) -> bool:
    """Whether heads and blocks are small enough."""
    form, d = objective.form, objective.dim
    few = form.rows * (d + 1) <= MOST_VARIABLES
    return few and Metric.entries(form.rows, form.columns, d) > 0


def from_starts(objective: Objective, starts: list[State], history: History, options: Newton) -> tuple[State, str]:
    """Where ``descend`` ends, from the first start and, if it crawls there too, from the next; the lowest point."""
    lowest, ended = starts[0], "steps"
    for start, allowed in zip(starts, STEPS, strict=False):
        most = min(options.steps - len(history.loss), allowed)
        if ended == "steps" and most > 0:
            found, ended = descend(objective, start, history, tolerance=options.tolerance, max_steps=most)
            lowest = min(lowest, found, key=lambda reached: reached.value)
    return lowest, ended


def descend(
    objective: Objective, state: State, history: History, *, tolerance: float, max_steps: int
) -> tuple[State, str]:
    """Steps until ``state.residual`` ≤ tolerance, and why they ended, as ``trust_region.minimize`` says it."""
    stalled = 0
    try:
        state = best_features(objective, state)
        radius = max(1.0, float(_heads(objective, state.x).norm()))
        for _ in range(max_steps):
            if state.residual <= tolerance:
                return state, "tolerance"
            if stalled >= MOST_STALLED:
                return state, "rounding"
            step = model_minimum(objective, state, radius)
            ends = [state.x + step.z, state.x + _along_valley(objective, state.at, _root(objective, state.at), step.z)]
            end = min((state_at(objective, x) for x in ends), key=lambda reached: reached.value)
            candidate = best_features(objective, end)
            actual = state.value - candidate.value
            if abs(actual) <= RESOLVED * state.value:
                actual = -objective.change(state.at, state.gradient, candidate.x - state.x)
            noise = ROUNDING * objective.penalty(state.x)
            ratio = actual / step.decrease if step.decrease else 0.0
            if abs(actual) <= noise and step.decrease <= noise:
                ratio = 1.0 if candidate.gradient_norm <= 0.9 * state.gradient_norm else 0.0
                stalled = 0 if ratio else stalled + 1
            if ratio < 0.25:
                radius = SHRINK * step.length
            elif ratio > 0.75 and step.on_boundary:
                radius = GROW * step.length
            if ratio > 1e-4:
                state = candidate
            history.add(state.value, state.gradient_norm, radius, step.products)
    except KeyboardInterrupt:
        return state, "interrupted"
    return state, "tolerance" if state.residual <= tolerance else "steps"


def model_minimum(objective: Objective, state: State, radius: float) -> Step:
    """The minimum of ∇φᵀz + ½ zᵀ∇²φ z over ‖z‖ ≤ Δ: z = −(∇²φ + μ)⁻¹ ∇φ with the least μ ≥ 0, −λ_min that will do."""
    curvature = curvature_of_heads(objective, state.at)
    values, vectors = torch.linalg.eigh(curvature)
    g = vectors.T @ _heads(objective, state.gradient)
    least = float(values[0])
    inside = least > 0.0 and float((g / values).norm()) <= radius
    if inside:
        y = -g / values
    else:
        first = max(0.0, -least * (1.0 + 1e-12))
        low, high = 0.0, float(g.norm()) / radius + 1e-300
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            too_long = float((g / (values + first + middle)).norm()) > radius
            low, high = (middle, high) if too_long else (low, middle)
        y = -g / (values + first + high)
        short = radius * radius - float(y.dot(y))
        if least < 0.0 < short:  # the slope has next to nothing of the lowest eigenvector
            y[0] = math.copysign(math.sqrt(float(y[0]) ** 2 + short), float(y[0]))
    decrease = -float(g.dot(y)) - 0.5 * float((values * y).dot(y))
    z = _from_heads(objective, vectors @ y)
    return Step(z, decrease, not inside, 2 * len(y), float(y.norm()))


def curvature_of_heads(objective: Objective, at: Linearization) -> Tensor:
    """∇²φ, symmetric, column by column."""
    root = _root(objective, at)
    columns = []
    for unit in torch.eye(sum(objective.sizes[::2]), dtype=torch.float64, device=at.W_hat.device):
        z = _along_valley(objective, at, root, _from_heads(objective, unit))
        columns.append(_heads(objective, objective.hessian_vector(at, z)))
    found = torch.stack(columns)
    symmetric: Tensor = 0.5 * (found + found.T)
    return symmetric


def _root(objective: Objective, at: Linearization) -> Tensor:
    root: Tensor = torch.linalg.cholesky_ex(feature_blocks(objective, at))[0]
    return root


def _along_valley(objective: Objective, at: Linearization, root: Tensor, z: Tensor) -> Tensor:
    """(dŴ, −B⁻¹ F_hw (dŴ, db̂), db̂) of z = (dŴ, 0, db̂)."""
    dW, _, db = objective.split(z)
    force = objective.split(objective.hessian_vector(at, z))[1]
    return objective.join(dW, -torch.cholesky_solve(force.T[..., None], root)[..., 0].T, db)


def _heads(objective: Objective, x: Tensor) -> Tensor:
    """(Ŵ, b̂) of x, flat."""
    W_hat, _, b_hat = objective.split(x)
    return torch.cat([W_hat.reshape(-1), b_hat.reshape(-1)])


def _from_heads(objective: Objective, heads: Tensor) -> Tensor:
    """x of a flat (Ŵ, b̂), without features."""
    sizes = objective.sizes
    return torch.cat([heads[: sizes[0]], heads.new_zeros(sizes[1]), heads[sizes[0] :]])
