"""Where Newton starts if some task's loss sees a shift of its logits: nearer than a random point.

A softmax is blind to the logits' mean, and a random start of small logits suits it. Other losses have a mean to find,
and squared error is a parabola however far off; steps on the convex form find both.
"""

from __future__ import annotations

from torch import Tensor

from ufm.solvers.newton.alternating_start import alternating_start, entries
from ufm.solvers.newton.bias_start import bias_start, takes
from ufm.solvers.newton.proximal_start import CLOSE, filled, proximal_start
from ufm.solvers.newton.trust_region import History, State, state_at
from ufm.solvers.objective import Objective


def convex_start(
    objective: Objective, random: Tensor, history: History, tolerance: float, max_steps: int
) -> tuple[State, str]:
    """The start and "tolerance" if it is a minimum already, "interrupted", or "steps".

    Proximal steps have one curvature for all; alternating ones suit missing labels, whose curvature is zero, and steps
    on the bias a penalized one, which proximal steps would hand over to the heads in 1/λ_b of them.
    """
    form = objective.form
    first = state_at(objective, random)
    try:
        fits = entries(form, objective.dim) > 0
        state = first
        if takes(objective):
            best = bias_start(objective, history, tolerance=tolerance, max_steps=max_steps)
            state = filled(objective, best, random)
        elif form.labelled is None or not fits:
            state = proximal_start(objective, random, history, tolerance=tolerance, max_steps=max_steps)
        if fits and (form.labelled is not None or (objective.quadratic and state.residual > CLOSE)):
            alternated = alternating_start(objective, first, history, max_steps - len(history.loss))
            state = min(state, alternated, key=lambda reached: reached.value)
    except KeyboardInterrupt:
        return first, "interrupted"
    return state, "tolerance" if state.residual <= tolerance else "steps"
