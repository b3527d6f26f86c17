"""Trust-region Newton: each step about minimizes the quadratic model over ‖z‖ ≤ Δ, so saddles are left.

After PATIENCE steps the factors are kept balanced, a step that falls short of the model is also tried straight in the
product Ŵ Ĥ, and while the point is far from stationary the region has the metric of ``metric`` every other TURN.
Source: Nocedal and Wright, Numerical Optimization, 2nd ed., Algorithm 4.1.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field

from torch import Tensor

from ufm.solvers.newton.balanced_factors import balanced, straight_step
from ufm.solvers.newton.large import large
from ufm.solvers.newton.shared_metric import metric_at
from ufm.solvers.newton.steihaug import Step, steihaug
from ufm.solvers.objective import Linearization, Objective

logger = logging.getLogger(__name__)
LOGGED = 10  # steps: of one in so many a listener for information hears, of each one for details

SHRINK, GROW = 0.25, 2.5  # of the radius, after a bad and after a good step that met the boundary
ROUNDING = 1e-13  # changes of F below this fraction of the penalty are rounding: the model is trusted instead
RESOLVED = 1e-9  # of F: a smaller difference of two values is computed from its small parts
PATIENCE = 40  # steps that ordinary problems take; decompositions and a metric of its own are for longer runs
TURN = 10  # steps in one metric, then in the other: each leaves valleys along which the other only crawls
FAR = 1.0  # residual from which on the metric is worth its products
FALLS_SHORT = 0.75  # of the model's decrease, below which a step is also tried straight
MAX_LOGIT_CHANGE = 8.0  # in one step: cross-entropy is no parabola further away, and far off it is flat; but below
# the sufficient dimension minimizers have logits of thousands, of classes whose p is 0 whatever they are
POLISH, POLISH_FORCING = 3, 1e-3
TINY = 1e-100  # a gradient whose square float64 still holds
MAX_STALLED = 3  # steps in a row that rounding keeps from lowering the gradient
MAX_IDLE = 60  # in all since the least gradient: where ‖G‖_2 is far above 1 rounding moves it, up and down, forever;
# so it does logits and targets that squared error makes equal
ESCAPING = 0.05  # what a step that follows negative curvature down, and so may raise the gradient, counts of one


@dataclass
class History:
    """Per Newton step: objective, gradient norm (scaled coordinates), radius, conjugate-gradient steps.

    Steps on the path of λ's count with the objective of their own λ's.
    """

    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    radius: list[float] = field(default_factory=list)
    cg_steps: list[int] = field(default_factory=list)

    def add(self, loss: float, gradient_norm: float, radius: float, cg_steps: int) -> None:
        """One row."""
        step = len(self.loss)
        level = logging.DEBUG if step % LOGGED else logging.INFO
        logger.log(level, "Newton step %d: F = %.8g, gradient %.1e, %d products", step, loss, gradient_norm, cg_steps)
        self.loss.append(loss)
        self.gradient_norm.append(gradient_norm)
        self.radius.append(radius)
        self.cg_steps.append(cg_steps)


@dataclass
class State:
    """A point with everything that was computed there.

    residual  (‖∇F‖ ‖x‖ + ‖∇F‖²) / F, the second norm the penalty's dual: what non-stationarity can add to the
              relative duality gap; a free bias's part of the product is a product of its own
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
    residual = (objective.first_order(gradient, x, norm) + objective.dual_gap_of_gradient(gradient)) / max(
        value, objective.nothing
    )
    return State(x, value, at, gradient, norm, residual)


def minimize(
    objective: Objective, state: State, history: History, *, tolerance: float, max_steps: int
) -> tuple[State, str]:
    """Newton steps until ``state.residual`` ≤ tolerance.

    Returns the last point and why it is the last: "tolerance", "rounding" (no step lowers the gradient any more),
    "steps", or "interrupted" (Ctrl-C, which keeps what was reached).
    """
    radius = dict.fromkeys((False, True), max(float(state.x.norm()), 1.0))
    narrow, big = objective.narrow, large(objective.form)
    stalled, idle = 0.0, 0
    least = state  # of the gradients since F tells no more
    try:
        for _ in range(max_steps):
            residual = state.residual
            if residual <= tolerance:
                return (state if big else polish(objective, state, history)), "tolerance"
            if stalled >= MAX_STALLED:
                return state, "rounding"
            if idle > MAX_IDLE and (narrow or objective.partly_quadratic):
                return least, "rounding"
            forcing = max(min(0.1, math.sqrt(residual)), 0.1 * tolerance / residual)
            patient = len(history.loss) >= PATIENCE
            turn = len(history.loss) // TURN % 2 == 0
            far, steady = patient and residual > FAR and turn, turn or not patient
            special = far or (steady and (big or objective.partly_quadratic))
            metric = metric_at(objective, state.at, far=far, steady=steady) if special else None
            scaled = metric is not None
            step = steihaug(objective, state.at, state.gradient, radius[scaled], forcing, metric)
            if not narrow and shorten(objective, state, step):
                radius[scaled] = step.length
            candidate, actual = best_end(objective, state, step, patient)
            ratio = actual / step.decrease if step.decrease else 0.0  # a free bias has left no F at all
            if is_rounding(objective, state, max(abs(actual), step.decrease)):
                # F no longer tells good steps from bad: the gradient does, but off a saddle, where it grows
                if not step.on_boundary:
                    ratio = 1.0 if candidate.gradient_norm <= state.gradient_norm else 0.0
                if candidate.gradient_norm <= 0.9 * state.gradient_norm:
                    stalled = 0.0
                else:
                    stalled += ESCAPING if step.on_boundary and ratio > 0.25 else 1.0
                idle += 1
                if idle == 1 or candidate.gradient_norm <= 0.9 * least.gradient_norm:
                    idle, least = 1, candidate
            if ratio < 0.25:
                radius[scaled] = SHRINK * step.length
            elif ratio > 0.75 and step.on_boundary:
                radius[scaled] = GROW * step.length
            if ratio > 1e-4:
                state = candidate
            history.add(state.value, state.gradient_norm, radius[scaled], step.products)
    except KeyboardInterrupt:
        return state, "interrupted"
    return state, "tolerance" if state.residual <= tolerance else "steps"


def is_rounding(objective: Objective, state: State, change: float) -> bool:
    """Whether a change of F is at most ROUNDING of the penalty ‖x‖², which is 2 F at most."""
    return change <= 2.0 * ROUNDING * state.value and change <= ROUNDING * objective.penalty(state.x)


def shorten(objective: Objective, state: State, step: Step) -> bool:
    """Scales a step that changes a logit by more than MAX_LOGIT_CHANGE, and whether it did; m along z is known.

    It is t gᵀz + ½ t² zᵀ∇²F z, whose second term is that of t = 1.
    """
    change = objective.largest_logit_change(state.at, step.z)
    if change <= MAX_LOGIT_CHANGE:
        return False
    slope, t = float(state.gradient.dot(step.z)), MAX_LOGIT_CHANGE / change
    step.decrease = -t * slope + t * t * (step.decrease + slope)
    step.z.mul_(t)
    step.length *= t
    step.on_boundary = True
    return True


def best_end(objective: Objective, state: State, step: Step, patient: bool) -> tuple[State, float]:
    """The state after z and its decrease; in a long run balanced, and straight where z falls short of the model."""
    plain = state.x + step.z
    end = balanced(objective, plain) if patient else plain
    candidate = state_at(objective, end)
    actual = _decrease(objective, state, step, candidate, None if end is plain else end)
    if patient and actual < FALLS_SHORT * step.decrease and not is_rounding(objective, state, step.decrease):
        straight = state_at(objective, straight_step(objective, state.x, step.z))
        gained = _decrease(objective, state, step, straight, straight.x)
        if gained > actual:
            return straight, gained
    return candidate, actual


def _decrease(objective: Objective, state: State, step: Step, candidate: State, end: Tensor | None) -> float:
    """F(x) − F at the candidate, from small parts where F's own difference has lost digits."""
    difference = state.value - candidate.value
    if abs(difference) > RESOLVED * state.value:
        return difference
    return -objective.change(state.at, state.gradient, step.z, end)


def polish(objective: Objective, state: State, history: History) -> State:
    """A few more Newton steps, as long as each divides the gradient by ten.

    A head just below its threshold is so small that its direction needs a gradient far below the tolerance.
    """
    for _ in range(POLISH):
        if state.gradient_norm < TINY:
            break
        metric = metric_at(objective, state.at, far=False, steady=True)
        step = steihaug(objective, state.at, state.gradient, float(state.x.norm()), POLISH_FORCING, metric)
        candidate = state_at(objective, state.x + step.z)
        if step.on_boundary or not candidate.gradient_norm <= 0.1 * state.gradient_norm:
            break
        state = candidate
        history.add(state.value, state.gradient_norm, step.length, step.products)
    return state
