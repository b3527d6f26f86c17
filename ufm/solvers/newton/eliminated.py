"""Newton on the heads alone, the features eliminated: long runs below the sufficient dimension.

There targets cannot all be met, and what ties logits to each other is some 1/λ times as stiff as what is left to
gain: the points where F is least but for that form a curved valley in (Ŵ, Ĥ, b̂), along which steps in all three crawl.
For given heads F is strictly convex in each feature, and the best one follows the valley by itself:

    φ(Ŵ, b̂) = min_Ĥ F,    ∇φ = ∂F/∂(Ŵ, b̂) at the best Ĥ.

Each step minimizes ``HeadsModel`` in its region, exactly. The path of ``path`` leads to where steps start: far from
it labels have to be left one by one for others, and each takes tens of steps.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from ufm.solvers.newton.best_features import best_features
from ufm.solvers.newton.heads_model import HeadsModel, moved
from ufm.solvers.newton.metric import MOST_ENTRIES
from ufm.solvers.newton.path import follow
from ufm.solvers.newton.trust_region import GROW, RESOLVED, SHRINK, History, State, is_rounding, state_at
from ufm.solvers.objective import Objective
from ufm.solvers.options import Newton

MOST_VARIABLES = 200  # of (Ŵ, b̂): each step costs an eigendecomposition
MOST_STALLED = 6  # steps in a row of which rounding hides what they gain


def entries(rows: int, columns: int, dim: int) -> int:
    """R² m (d + 1) numbers of a model, or 0 where they are too many."""
    entries = rows**2 * columns * (dim + 1)
    return entries if entries <= MOST_ENTRIES and rows * (dim + 1) <= MOST_VARIABLES else 0


def along_path(objective: Objective, start: Tensor, history: History, options: Newton) -> tuple[State, str]:
    """Where ``descend`` ends from the end of the path, and why."""
    x, ended = follow(objective, start, history, options.steps - len(history.loss), descend)
    state = state_at(objective, x)
    if ended == "tolerance":
        left = options.steps - len(history.loss)
        state, ended = descend(objective, state, history, tolerance=options.tolerance, max_steps=left)
    return state, ended


def descend(
    objective: Objective, state: State, history: History, *, tolerance: float, max_steps: int
) -> tuple[State, str]:
    """Steps until ``state.residual`` ≤ tolerance, and why they ended, as ``trust_region.minimize`` says it."""
    stalled, radius = 0, 1.0  # all of the features
    try:
        state = best_features(objective, state)
        for _ in range(max_steps):
            if state.residual <= tolerance:
                return state, "tolerance"
            if stalled >= MOST_STALLED:
                return state, "rounding"
            model = HeadsModel.at(objective, state)
            step = model.minimum(radius)
            along = (model.features @ step.X).T
            moves = [(step.X, 0.0 * along), (step.X, along), model.bent(objective, state.at, step)]
            ends = (state_at(objective, moved(objective, state.x, X, dH)) for X, dH in moves)
            end = _best(ends, blind=is_rounding(objective, state, step.decrease))
            candidate = best_features(objective, end)
            actual = state.value - candidate.value
            if abs(actual) <= RESOLVED * state.value:
                actual = -objective.change(state.at, state.gradient, candidate.x - state.x)
            ratio = actual / step.decrease if step.decrease else 0.0
            if is_rounding(objective, state, max(abs(actual), step.decrease)):
                ratio = 1.0 if candidate.gradient_norm <= 0.9 * state.gradient_norm else 0.0
                stalled = 0 if ratio else stalled + 1
            if not ratio >= 0.25:  # or no number
                radius = SHRINK * step.length
            elif ratio > 0.75 and step.on_boundary:
                radius = GROW * step.length
            if ratio > 1e-4:
                state = candidate
            history.add(state.value, state.gradient_norm, radius, objective.form.rows)
    except KeyboardInterrupt:
        return state, "interrupted"
    return state, "tolerance" if state.residual <= tolerance else "steps"


def _best(ends: Iterable[State], *, blind: bool) -> State:
    """The lowest, or where F tells no more, that of the least gradient."""
    return min(ends, key=lambda end: end.gradient_norm if blind else end.value)
