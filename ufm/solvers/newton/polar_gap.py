"""How far F is from its minimum where rounding hides the gradient: a duality gap whose dual point rounding spares.

The losses' gradient G in Z = Ŵ Ĥ is a difference of nearly equal numbers where targets are fitted, and F's own gradient
there may be nothing but rounding. A dual point G' need not be G. At a minimum −G is 1 on the singular vectors of
Z = U S Vᵀ and at most 1 beside them; so, for each number r of them,

    G' = −U_r V_rᵀ + clip((I − U_r U_rᵀ) G (I − V_r V_rᵀ)),     clip: singular values above 1 become 1,

made 0 where labels are missing, with e Σ_l G'/E = −ρ b̂ under a free bias (a penalized one: with and without), and with
‖G'‖_2 ≤ 1. With δ = (G' − G)/(c n E),

    F − D(G') ≤ ½ ‖x‖² + ⟨G', Z⟩ + ½ Σ (e Σ_l G'/E + ρ b̂)² / ρ + Σ c n δᵀ (∂²ℓ)⁺ δ,

for a parabola with ½ at the last term, which is the square of what rounding leaves of a logit.
Source: docs/theory/certificate.md.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ufm.solvers.newton.trust_region import State
from ufm.solvers.objective import Linearization, Objective

ENOUGH = 1e-9  # of F: a larger residual, or gap, is no minimum whatever explains it
NARROW = 1e-6  # below the sufficient dimension, where no gap tells, a larger residual is no stationary point
OF_UNITS = 16  # times what rounding of logits adds: the same point in other units, or evaluated in another order
MOST_RANKS = 8  # tried: where singular values drop most


def judged(
    objective: Objective, state: State, residual: float, converged: bool, ended: str, tolerance: float
) -> tuple[bool, float | None]:
    """Whether a run that ended so has converged, and the gap that says so where its residual, being rounding, cannot.

    Steps that ran out must meet the tolerance; what rounding ended must come to ENOUGH.
    """
    if objective.narrow:
        return converged and residual <= max(tolerance, NARROW), None
    if ended == "interrupted" or not _hides(objective) or (converged and residual <= ENOUGH):
        return converged, None
    gap = polar_gap(objective, state) + OF_UNITS * logit_rounding(objective, state)
    return gap <= (tolerance if ended == "steps" else max(tolerance, ENOUGH)), gap


def hidden(objective: Objective, state: State, tolerance: float) -> bool:
    """Whether more steps are no use: rounding is more than ENOUGH of F, or the gap as small as rounding lets it be."""
    if not _hides(objective):
        return False
    noise = OF_UNITS * logit_rounding(objective, state)
    return not noise <= ENOUGH or polar_gap(objective, state) <= (ENOUGH if noise > tolerance else tolerance)


def why(objective: Objective, state: State) -> str:
    """Why rounding ends progress short of a minimum."""
    noise = logit_rounding(objective, state)
    told = "no step lowers F by more than its rounding"
    return (
        f"{told}, and that of the logits adds {noise:.0e} of F: targets are too large for λ's this small"
        if OF_UNITS * noise > ENOUGH
        else told
    )


def logit_rounding(objective: Objective, state: State) -> float:
    """What logits u that are off by 2⁻⁵³ |u| add to F, relative to it: ½ Σ c n diag(∂²ℓ) (2⁻⁵³ u)²."""
    at = state.at
    u = torch.addcmul((at.W_hat @ at.H_hat) * objective.E, objective.e, at.b_hat)
    square = objective.diagonal(at) * (u / objective.E * 2.0**-53) ** 2
    return 0.5 * float(square.sum()) / max(state.value, objective.nothing)


def _hides(objective: Objective) -> bool:
    """Whether a parabola is as stiff where targets are fitted as anywhere, and a dual point tells of a minimum."""
    return objective.partly_quadratic and not objective.narrow


def polar_gap(objective: Objective, state: State) -> float:
    """The least of the module's gaps over r, relative to F; infinite where none is a number or no parabola is there."""
    if not _hides(objective):
        return math.inf
    at = state.at
    Z = at.W_hat @ at.H_hat
    ways = {None: (False,), 0.0: (True,)}.get(objective.form.lambda_b, (False, True))
    try:
        U, S, Vt = torch.linalg.svd(Z, full_matrices=False)
        drops = S / torch.cat([S[1:], S[-1:] * 0.0]).clamp_min(1e-300)
        ranks = [0, *(drops.topk(min(MOST_RANKS, len(S))).indices + 1).tolist()]
        made = [_dual(objective, at, U[:, :r], Vt[:r], exact) for r in ranks for exact in ways]
        gaps = [_gap(objective, state, Z, dual) for dual in made]
    except RuntimeError:  # of numbers that are not finite
        return math.inf
    least = min((gap for gap in gaps if not math.isnan(gap)), default=math.inf)
    return min(1.0, max(least, 0.0) / max(state.value, objective.nothing))  # no loss is below 0, nor is D at G' = 0


def _dual(objective: Objective, at: Linearization, U: Tensor, Vt: Tensor, exact: bool) -> Tensor:
    """G' of r = len(Vt)."""
    rest = at.G - U @ (U.T @ at.G)
    rest = rest - (rest @ Vt.T) @ Vt
    left, sizes, right = torch.linalg.svd(rest, full_matrices=False)
    dual = (left * sizes.clamp_max(1.0)) @ right - U @ Vt
    if objective.form.labelled is not None:
        dual = torch.where(objective.c_n > 0.0, dual, 0.0)
    if exact and objective.form.lambda_b is not None:
        weight = torch.where(objective.c_n > 0.0, 1.0 / objective.E, 0.0)
        size = weight.norm(dim=1, keepdim=True).clamp_min(1e-300)
        meant = -objective.rho * at.b_hat / (objective.e * size)  # of G' along the weight, at the best bias
        dual = dual + (meant - (dual * (weight / size)).sum(1, keepdim=True)) * (weight / size)
    feasible: Tensor = dual / max(1.0, float(torch.linalg.matrix_norm(dual, 2)))
    return feasible


def _gap(objective: Objective, state: State, Z: Tensor, dual: Tensor) -> float:
    """F − D(G')."""
    at, form = state.at, objective.form
    factors = 0.5 * float(at.W_hat.square().sum() + at.H_hat.square().sum()) + float((dual * Z).sum())
    seen = objective.c_n > 0.0
    moved = torch.where(seen, (dual - at.G) / torch.where(seen, objective.c_n_E, 1.0), 0.0)
    fenchel = 0.0
    for run, own in zip(objective.runs, at.states, strict=True):
        part = float(run.columns.excess(own, moved[run.rows]))
        fenchel += 0.5 * part if run.loss.quadratic else part
    bias = 0.0
    if form.lambda_b:
        bias = objective.dual_gap_of_bias(
            objective.e * (dual / objective.E).sum(1, keepdim=True) + objective.rho * at.b_hat
        )
    return factors + fenchel + bias
