"""Where Newton starts if some task's loss is a parabola: nearer than a random point, by steps on the convex form."""

from __future__ import annotations

from torch import Tensor

from ufm.solvers.newton.alternating_start import alternating_start, entries
from ufm.solvers.newton.proximal_start import proximal_start
from ufm.solvers.newton.trust_region import History, State, state_at
from ufm.solvers.objective import Objective


def quadratic_start(
    objective: Objective, random: Tensor, history: History, tolerance: float, max_steps: int
) -> tuple[State, str]:
    """The start and "tolerance" if it is a minimum already, "interrupted", or "steps".

    Proximal steps, one curvature for all, or alternating ones where labels are missing and a row's or a column's
    curvature may be zero in places.
    """
    form = objective.form
    first = state_at(objective, random)
    try:
        if form.labelled is not None and entries(form, objective.dim):
            state = alternating_start(objective, first, history, max_steps)
        else:
            state = proximal_start(objective, random, history, tolerance=tolerance, max_steps=max_steps)
    except KeyboardInterrupt:
        return first, "interrupted"
    return state, "tolerance" if state.residual <= tolerance else "steps"
