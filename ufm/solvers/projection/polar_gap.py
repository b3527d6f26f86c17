"""The gap of a dual point that is off by ε² where the heads are off by ε: θ G is off by ε.

At a minimum S = G Gᵀ = U diag(σ²) Uᵀ has σ = 1 on the heads' space and at most 1 beside it. A dual point

    G' = T G,     T = U diag(t) Uᵀ,

is feasible where t σ ≤ 1. With μ = diag(Uᵀ M U), D gains μ σ² (t − 1) to first order by t, and loses ½ q (t − 1)², q
known in its mean only: so t = min(1/σ, 1 + μ σ²/q). With δ = (G' − G) / (c n E), to second order,

    F − D(G') = ½ ‖Ŵ‖² + ½ ‖Ĥ‖² + ⟨G', Ŵ Ĥ⟩ + ½ Σ c n δᵀ (∂²ℓ)⁺ δ + the bias's,

and more where G' leaves the losses' domains, from whose edge a residual is about ∂²ℓ_kk, or is not 0 where labels are
missing: what mends that adds its Frobenius norm to ‖G'‖_2 at most, which θ pays for. All this takes two products more,
and is asked for where it is likely to be enough.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ufm.solvers.objective import SMALLEST
from ufm.solvers.projection.features import features_at
from ufm.solvers.projection.reduced import Evaluation, Reduced, inner

COST = 30.0  # q in units of Σ c n ∂ℓᵀ (∂²ℓ)⁺ ∂ℓ / R: one direction's G reaches entries that have little of the whole
PRODUCTS = 2.0


def polar_gap(reduced: Reduced, x: Tensor, at: Evaluation) -> float:
    """F − D(G') relative to F, with the features of the last evaluation, which was ``at`` x."""
    W_hat, b_hat = reduced.split(x)
    M = W_hat @ W_hat.T
    times_M, bias, by_T = M.to(reduced.a.dtype), b_hat.to(reduced.a.dtype), _moves(at, M).to(reduced.a.dtype)
    slope_b, curvature_b, S = torch.zeros_like(b_hat), torch.zeros_like(b_hat), torch.zeros_like(M)
    penalty = cross = second_order = outside = 0.0
    for span in reduced.spans:
        objective, a = reduced.chunk(span), reduced.a[:, span]
        there = features_at(objective, a, times_M @ a, bias, 1)
        seen = objective.c_n > 0.0
        by = torch.where(seen, by_T @ there.G, 0.0)
        moved = torch.where(seen, by / torch.where(seen, objective.c_n_E, 1.0), 0.0)
        penalty += inner(a, there.product)
        cross += inner(there.G + by, there.product)
        second_order += objective.excess(there, moved)
        room = objective.diagonal(there) / objective.E
        for run in objective.runs:
            if not run.loss.quadratic:
                beyond = (by[run.rows].abs() - room[run.rows]).clamp_min(0.0)
                outside += inner(beyond, beyond)
        slope_b += reduced.slope_of_bias(objective, there.residual + moved)
        curvature_b += reduced.curvature_of_bias(objective, there, M)
        if reduced.form.labelled is not None:
            S += (there.G + by) @ (there.G + by).T
    gap = 0.5 * (float(M.diagonal().sum()) + penalty + second_order) + cross
    g_b = slope_b + reduced.rho * b_hat
    gap += reduced.gap_of_bias(objective.centred(g_b) if reduced.form.lambda_b == 0.0 else g_b, curvature_b)
    size = max(at.value, reduced.nothing)
    sigma = 1.0 if reduced.form.labelled is None else float(torch.linalg.eigvalsh(S)[-1].clamp_min(1.0)) ** 0.5
    return gap / size + 1.0 - 1.0 / (sigma + math.sqrt(outside))


def _moves(at: Evaluation, M: Tensor) -> Tensor:
    """T − 1."""
    values, U = torch.linalg.eigh(at.S)
    sigma = values.clamp_min(0.0).sqrt().clamp_min(SMALLEST)
    mu = (U * (M @ U)).sum(0).clamp_min(0.0)
    q = max(COST * at.second_order / len(sigma), SMALLEST)
    moves: Tensor = (U * torch.minimum(1.0 / sigma - 1.0, mu * values.clamp_min(0.0) / q)) @ U.T
    return moves
