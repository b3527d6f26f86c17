"""Variable projection: F as a function of the heads alone, each feature the best one, L-BFGS on it.

A feature enters its own columns only, so that φ = min_H F costs a few products with an R × R matrix and needs R × m
numbers, chunk by chunk, where Newton on (W, H) needs many times d × m. It is for many label columns: a hundred thousand
pairs of a thousand classes. The run follows minimizers as λ_H and λ_W fall to their values, the first of heads near
zero along the gradient's eigenvectors there; ``quasi_newton`` does the rest.
Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
separate, SIAM Journal on Numerical Analysis 1973.
"""

from __future__ import annotations

import dataclasses

import torch

from ufm.outcome import Outcome
from ufm.problems.standard_form import StandardForm
from ufm.solvers.column_solution import ColumnSolution, below_sufficient
from ufm.solvers.objective import SMALLEST
from ufm.solvers.options import Projection
from ufm.solvers.projection.quasi_newton import PAIRS, Descent, History, minimize
from ufm.solvers.projection.reduced import ENTRIES, Evaluation, Reduced
from ufm.support.memory import require_memory

FIRST = 0.5  # of the κ below which zero is no longer the minimizer
FACTOR = 8.0  # between the λ's of two stages
STAGE_TOLERANCE, STAGE_STEPS = 0.02, 3  # a stage is only a start
SMALL = 0.3  # the first heads' largest singular value
FEATURES = 1e-9  # to which the features that are returned are the best
IN_A_CHUNK = 40  # arrays


def solve_projection(
    form: StandardForm, options: Projection, *, dim: int, device: torch.device | str = "cpu"
) -> ColumnSolution:
    """Minimizes φ; Ctrl-C returns the point of the last whole step. There is no random start."""
    heads = form.rows * (dim + 1)
    numbers = (form.rows + dim) * form.columns + (2 * PAIRS + 8) * heads + 6 * form.rows**2
    require_memory(
        8 * (numbers + IN_A_CHUNK * min(form.rows * form.columns, max(ENTRIES, form.rows**2))),
        device,
        f"projection with {form.rows:,} × {form.columns:,} logits",
    )
    history = History()
    with torch.inference_mode():
        reduced, found = _along_path(form, options, history, dim, device)
        W, b = reduced.unscale(found.x)
        last = _settled(reduced, found)
        H = reduced.features(found.x)
    measured, narrow = last.missed, reduced.narrow
    if found.ended == "tolerance":  # D there bounds F here, too
        measured = min(measured, found.at.missed)
    converged = measured <= options.tolerance
    ended = "tolerance" if converged and found.ended != "interrupted" else found.ended
    kind = "residual" if narrow else "duality gap"
    told = f"relative {kind} {max(measured, 0.0):.1e} after {len(history.loss)} steps of the heads"
    outcome = {
        "tolerance": Outcome.STATIONARY if narrow else Outcome.CONVERGED,
        "rounding": Outcome.ROUNDING,
        "steps": Outcome.STEPS,
        "interrupted": Outcome.INTERRUPTED,
    }[ended]
    if outcome is Outcome.INTERRUPTED:
        status = f"interrupted: the best point so far ({told})"
    elif converged:
        status = f"converged ({told})"
    else:
        advice = (
            "raise steps="
            if outcome is Outcome.STEPS
            else "no step lowers F by more than the features' error; method='newton' goes further"
        )
        status = f"did not reach tolerance {options.tolerance:.1e} ({told}); {advice}"
    if narrow:
        status += below_sufficient(dim, form.needed_dim)
    # clones leave inference mode, so that users may differentiate through the result
    return ColumnSolution(
        W.clone(), H.clone(), b[:, 0].clone(), last.value, converged, outcome, status, dataclasses.asdict(history)
    )


def _settled(reduced: Reduced, found: Descent) -> Evaluation:
    """φ in float64 with features to FEATURES, and what is left of the gap; Ctrl-C leaves the features as they are."""
    if reduced.single:
        reduced.refine()
    try:
        reduced.evaluate(found.x, FEATURES)
    except KeyboardInterrupt:
        found.ended = "interrupted"
    return reduced.evaluate(found.x, steps=0)  # anew from a, without what the sums of many steps have rounded


def _along_path(
    form: StandardForm, options: Projection, history: History, dim: int, device: torch.device | str
) -> tuple[Reduced, Descent]:
    """Stages κ λ_H, κ λ_W for κ falling to 1, each from the last one's heads."""
    reduced = stage = Reduced(form, dim, device)
    x = torch.zeros(form.rows * (dim + 1), dtype=torch.float64, device=device)
    try:
        zero = reduced.evaluate(x, steps=0)
        values, vectors = torch.linalg.eigh(zero.S)
        singular = values.clamp_min(0.0).sqrt()
        root = SMALL * (singular / singular[-1].clamp_min(SMALLEST)).sqrt()
        W_hat = reduced.split(x)[0]
        W_hat[:, : form.rows] = (vectors * root).flip(1)[:, :dim]
        kappa = max(1.0, FIRST * float(singular[-1]))
        stage = _at(reduced, kappa)
        while kappa > 1.0:
            left = min(STAGE_STEPS, options.steps - len(history.loss))
            found = minimize(stage, x, history, tolerance=STAGE_TOLERANCE, max_steps=left)
            reduced.a = stage.a  # perhaps in float64 by now
            W, b = stage.unscale(found.x)
            kappa = max(1.0, kappa / FACTOR)
            stage = _at(reduced, kappa)
            x = stage.scale(W, b)
            if found.ended == "interrupted":
                raise KeyboardInterrupt
        left = max(0, options.steps - len(history.loss))
        return stage, minimize(stage, x, history, tolerance=options.tolerance, max_steps=left)
    except KeyboardInterrupt:
        x = reduced.scale(*stage.unscale(x))
        return reduced, Descent(x, reduced.evaluate(x), "interrupted")


def _at(reduced: Reduced, kappa: float) -> Reduced:
    """Of κ times the λ's of features and heads, with the same a."""
    if kappa == 1.0:
        return reduced
    form = reduced.form
    own = dataclasses.replace(form, lambda_H=kappa * form.lambda_H, lambda_W=kappa * form.lambda_W)
    return Reduced(own, reduced.dim, reduced.device, reduced.a)
