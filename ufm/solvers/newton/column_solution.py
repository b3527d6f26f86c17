"""Newton: one column per label, float64, trust-region Newton-CG from a random start, to machine precision.

Problems that are ``large`` start on a ray instead, and steps there have a metric of their own. A run that stays far
from stationary after DIRECT_STEPS steps follows the path of ``path``. Below the sufficient dimension every run that has
not ended by then follows it with the heads alone: ``eliminated``.

Averaging the features of equal labels never raises F (cross-entropy and ‖·‖² are convex in h), so one column per
distinct label is exact and the size is R × m whatever N is. Stops on the optimality conditions of the convex form
P(Z, b) whose factors W, H are: stationarity, and spectral norm ‖diag(c)^{-1/2} V diag(nω)^{-1/2}‖ ≤ τ of the scaled
residual V. At d ≥ min(R less the tasks of cross-entropy, m) a stationary point that meets the second is a global
minimum, and any other has a direction of negative curvature. Below that d no such norm tells, and ``descent`` looks for
negative curvature itself. Source: docs/theory.md.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.losses import LOSSES
from ufm.outcome import Outcome
from ufm.problems.standard_form import StandardForm
from ufm.solvers.column_solution import ColumnSolution, below_sufficient
from ufm.solvers.newton import eliminated
from ufm.solvers.newton.alternating_start import entries
from ufm.solvers.newton.convex_start import convex_start
from ufm.solvers.newton.descent import below
from ufm.solvers.newton.dual_constraint import spectral_excess
from ufm.solvers.newton.label_metric import MOST_PER_ROW, LabelMetric
from ufm.solvers.newton.large import large
from ufm.solvers.newton.metric import Metric
from ufm.solvers.newton.path import follow
from ufm.solvers.newton.polar_gap import hidden, judged, why
from ufm.solvers.newton.ray_start import ray_start
from ufm.solvers.newton.rounding_floor import ROUNDING_FLOOR, rounding_floor
from ufm.solvers.newton.trust_region import FAR, History, State, minimize, state_at
from ufm.solvers.objective import Objective
from ufm.solvers.options import Newton
from ufm.support.memory import require_memory

DEFAULT = Newton()
TIGHTEN = 0.03  # of the tolerance, while the spectral condition lags behind stationarity
UNREACHABLE = 1e-18  # a target no float64 gradient meets
TIGHTENING_STEPS = 20  # at one tightened tolerance, where the gap has closed and only a small head's direction lags
DIRECT_STEPS = 150  # from the random start; a run that is then still far follows the path of λ's


def random_start(objective: Objective, seed: int, device: torch.device | str) -> Tensor:
    """Gaussian Ŵ, Ĥ with logits of standard deviation one and b = 0; drawn on the CPU, so equal on every device."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(objective.variables, generator=generator, dtype=torch.float64).to(device)
    W_hat, H_hat, b_hat = objective.split(x)
    b_hat.zero_()
    product = W_hat @ H_hat
    spread = float(((product * objective.E) ** 2).mean())
    return x.mul_(spread**-0.25)


def gap_of_excess(objective: Objective, state: State, excess: float) -> float:
    """What ε = σ/τ − 1 adds to the relative duality gap, to second order, and no more than ε:

        [ ε ‖Ŵ Ĥ‖_* + ½ ε² Σ_t c^t Σ_l n_l ∂ℓᵀ (∂²ℓ)⁺ ∂ℓ ] / F.

    Divided by 1 + ε the residual is feasible. That costs ε of the penalty; the residual was the best for the losses'
    conjugates, which lose the second order only (for cross-entropy the χ² distance of the move).
    """
    gap = excess * (0.5 * objective.penalty(state.x) + 0.5 * excess * objective.excess(state.at))
    return min(excess, gap / max(state.value, objective.nothing))


def solve_newton(
    form: StandardForm,
    options: Newton = DEFAULT,
    *,
    dim: int,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> ColumnSolution:
    """Minimizes F over Ŵ, Ĥ, b̂; Ctrl-C returns the point of the last completed step.

    options.tolerance is on max((‖∇F‖ ‖x‖ + ‖∇F‖²) / F, the gap of σ/τ − 1) in balanced coordinates
    """
    size = form.rows * dim + dim * form.columns + form.rows
    blocks = Metric.entries(form.rows, form.columns, dim)
    if not all(LOSSES[loss].shift_blind for loss in form.losses):
        blocks = max(blocks, entries(form, dim))
    if LabelMetric.fits(form):
        blocks = max(blocks, (MOST_PER_ROW * form.rows) ** 2)
    if dim < form.needed_dim:
        blocks = max(blocks, eliminated.entries(form.rows, form.columns, dim))
    bytes_needed = 8 * (14 * size + 24 * form.rows * form.columns + 4 * blocks)
    advice = "use method='projection', fewer columns, a smaller dim, or another device"
    require_memory(bytes_needed, device, f"newton with {size:,} variables", advice)
    tolerance, steps = options.tolerance, options.steps
    needed = form.needed_dim
    history = History()
    with torch.inference_mode():
        objective = Objective(form, dim, device)
        start = random_start(objective, seed, device)
        ended = "steps"
        on_ray = large(form) and dim >= needed and (objective.shift_blind or form.labelled is None)
        if on_ray:
            try:
                state = ray_start(objective, start)
            except KeyboardInterrupt:
                state, ended = state_at(objective, start), "interrupted"
        elif objective.shift_blind:
            state = state_at(objective, start)
        else:
            state, ended = convex_start(objective, start, history, tolerance, steps)

        def run(target: float, most: int) -> tuple[State, str]:
            left = min(steps - len(history.loss), most)
            return minimize(objective, state, history, tolerance=target, max_steps=left)

        if ended == "steps":
            state, ended = run(tolerance, DIRECT_STEPS)
        if ended == "steps" and hidden(objective, state, tolerance):
            ended = "rounding"
        crawled = ended == "steps" and objective.narrow and eliminated.entries(form.rows, form.columns, dim) > 0
        settled = False
        if crawled:
            state, ended = eliminated.along_path(objective, start, history, options)
            settled = ended == "rounding" and state.residual <= rounding_floor(objective, state)
        elif ended == "steps" and state.residual > FAR:
            left = steps - len(history.loss)
            x, ended = follow(objective, random_start(objective, seed, device), history, left)
            state = min(state, state_at(objective, x), key=lambda reached: reached.value)
            ended = "interrupted" if ended == "interrupted" else "steps"
        if ended == "steps" or (crawled and ended == "rounding" and not settled):
            state, ended = run(tolerance, steps)
        while objective.narrow and ended in ("tolerance", "rounding") and len(history.loss) < steps:
            try:
                lower, products = below(objective, state)
            except KeyboardInterrupt:
                ended = "interrupted"
                break
            history.add(state.value, state.gradient_norm, 0.0, products)
            if lower is None:
                break
            state, left = lower, steps - len(history.loss)
            state, ended = (
                eliminated.descend(objective, state, history, tolerance=tolerance, max_steps=left)
                if crawled
                else run(tolerance, steps)
            )
        target, judged_at, excess = tolerance, None, 0.0
        while dim >= needed and ended == "tolerance" and target >= UNREACHABLE:
            judged_at, excess = state, spectral_excess(objective, state)
            if excess <= tolerance:
                break
            proven = gap_of_excess(objective, state, excess) <= tolerance
            if proven and large(form):
                break
            target = min(target, state.residual) * TIGHTEN
            state, ended = run(target, TIGHTENING_STEPS if proven else steps)
            if proven and ended == "steps":
                ended = "rounding"
        if judged_at is not state:
            excess = spectral_excess(objective, state)
        excess = gap_of_excess(objective, state, excess)
        W, H, b = objective.unscale(state.x)
    residual = max(state.residual, excess if dim >= needed else 0.0)
    floor = rounding_floor(objective, state)
    converged = residual <= (tolerance if ended in ("steps", "interrupted") else max(tolerance, floor))
    measured = f"relative residual {residual:.1e} after {len(history.loss)} Newton steps"
    converged, gap = judged(objective, state, residual, converged, ended, tolerance)
    if gap is not None:
        measured = f"relative duality gap {gap:.1e}, {measured}"
    if on_ray:
        measured += " from the ray of the gradient at zero"
    if ended == "interrupted":
        outcome = Outcome.INTERRUPTED
    elif (state.residual <= ROUNDING_FLOOR < residual and not converged) or (converged and dim < needed):
        outcome = Outcome.STATIONARY
    elif converged:
        outcome = Outcome.CONVERGED if residual <= tolerance else Outcome.ROUNDING
    else:
        outcome = Outcome.ROUNDING if ended == "rounding" else Outcome.STEPS
    if outcome is Outcome.INTERRUPTED:
        status = f"interrupted: the best point so far ({measured})"
    elif outcome is Outcome.STATIONARY and not converged:
        status = f"stationary but not a global minimum ({measured}); try another seed"
    elif not converged:
        advice = "raise steps= or try another seed" if outcome is Outcome.STEPS else why(objective, state)
        status = f"did not reach tolerance {tolerance:.1e} ({measured}); {advice}"
    elif residual > tolerance:
        status = f"converged to float64's rounding, short of tolerance {tolerance:.1e} ({measured})"
    else:
        status = f"converged ({measured})"
    if dim < needed:
        status += below_sufficient(dim, needed)
    # clones leave inference mode, so that users may differentiate through the result
    return ColumnSolution(
        W.clone(),
        H.clone(),
        b.clone(),
        state.value,
        converged,
        outcome,
        status,
        vars(history),
    )
