"""The gap of a dual point that is off by ε² where the heads are off by ε: θ G is off by ε.

At a minimum S = G Gᵀ = U diag(σ²) Uᵀ has σ = 1 on the heads' space and at most 1 beside it. Near one, set to 1 what
should be,

    G' = T G,     T = U diag(t) Uᵀ,     t = 1/σ where σ ≥ 1 − 2 |σ₁ − 1|, else 1,

as σ is off to either side alike. With δ = (G' − G) / (c n E), to second order,

    F − D(G') = ½ ‖Ŵ‖² + ½ ‖Ĥ‖² + ⟨G', Ŵ Ĥ⟩ + ½ Σ c n δᵀ (∂²ℓ)⁺ δ + the bias's,

which takes two products more: it is asked for where it is likely to be enough.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.projection.features import features_at
from ufm.solvers.projection.reduced import Evaluation, Reduced, inner

OFF = 2.0  # of |σ₁ − 1|
LEAST = 0.5  # a smaller σ is never set to 1
PRODUCTS = 2.0


def polar_gap(reduced: Reduced, x: Tensor, at: Evaluation) -> float:
    """F − D(G') relative to F, with the features of the last evaluation, which was ``at`` x."""
    W_hat, b_hat = reduced.split(x)
    M = W_hat @ W_hat.T
    times_M, bias, by_T = M.to(reduced.a.dtype), b_hat.to(reduced.a.dtype), _moves(at.S).to(reduced.a.dtype)
    slope_b, curvature_b, S = torch.zeros_like(b_hat), torch.zeros_like(b_hat), torch.zeros_like(M)
    penalty = cross = second_order = 0.0
    for span in reduced.spans:
        objective, a = reduced.chunk(span), reduced.a[:, span]
        there = features_at(objective, a, times_M @ a, bias, 1)
        seen = objective.c_n > 0.0
        by = torch.where(seen, by_T @ there.G, 0.0)
        moved = torch.where(seen, by / torch.where(seen, objective.c_n_E, 1.0), 0.0)
        penalty += inner(a, there.product)
        cross += inner(there.G + by, there.product)
        second_order += objective.excess(there, moved)
        slope_b += reduced.slope_of_bias(objective, there.residual + moved)
        curvature_b += reduced.curvature_of_bias(objective, there, M)
        if reduced.form.labelled is not None:  # made 0 where labels are missing, G' may be too large again
            S += (there.G + by) @ (there.G + by).T
    gap = 0.5 * (float(M.diagonal().sum()) + penalty + second_order) + cross
    g_b = slope_b + reduced.rho * b_hat
    gap += reduced.gap_of_bias(objective.centred(g_b) if reduced.form.lambda_b == 0.0 else g_b, curvature_b)
    size = max(at.value, reduced.nothing)
    if reduced.form.labelled is not None:
        gap += size * (1.0 - 1.0 / max(1.0, float(torch.linalg.eigvalsh(S)[-1]) ** 0.5))
    return gap / size


def _moves(S: Tensor) -> Tensor:
    """T − 1."""
    values, U = torch.linalg.eigh(S)
    sigma = values.clamp_min(0.0).sqrt()
    active = sigma >= max(LEAST, 1.0 - OFF * abs(float(sigma[-1]) - 1.0))
    moves: Tensor = (U[:, active] * (1.0 / sigma[active] - 1.0)) @ U[:, active].T
    return moves
