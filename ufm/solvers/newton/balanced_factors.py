"""Factors of a product that have the least penalty, and steps that are straight in the product.

For given Z = Ŵ Ĥ = U S Vᵀ the penalty ½‖Ŵ‖² + ½‖Ĥ‖² is least, and equal to ‖Z‖_*, at Ŵ = U S^{1/2}, Ĥ = S^{1/2} Vᵀ.
With soft targets and small λ the cross-entropy is 1/τ² times as stiff in Z as the penalty is, and the set of factors
of one Z is a curved valley: a step along it is bounded by its own second order dŴ dĤ, and thousands are needed.
Source: docs/theory.md, the convex form.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.objective import Objective

IMBALANCE = 1e-2  # ‖ŴᵀŴ − ĤĤᵀ‖ / ‖x‖² below this slows no step; a decomposition would only add its rounding


def balanced(objective: Objective, x: Tensor) -> Tensor:
    """x itself if its factors are balanced, otherwise the balanced factors of the same product."""
    W_hat, H_hat, b_hat = objective.split(x)
    if float((W_hat.T @ W_hat - H_hat @ H_hat.T).norm()) <= IMBALANCE * float(x.dot(x)):
        return x
    return _factors(objective, W_hat, H_hat, b_hat)


def balanced_factors(objective: Objective, x: Tensor) -> Tensor:
    """The balanced factors of x's product."""
    return _factors(objective, *objective.split(x))


def straight_step(objective: Objective, x: Tensor, z: Tensor) -> Tensor:
    """Balanced factors, of rank ≤ d, of Ŵ Ĥ + dŴ Ĥ + Ŵ dĤ: the step z without its second order in the product."""
    W_hat, H_hat, b_hat = objective.split(x)
    dW, dH, db = objective.split(z)
    return _factors(objective, torch.cat([W_hat + dW, W_hat], 1), torch.cat([H_hat, dH]), b_hat + db)


def _factors(objective: Objective, left: Tensor, right: Tensor, b_hat: Tensor) -> Tensor:
    """(U S^{1/2}, S^{1/2} Vᵀ, b̂) of the d largest singular values of left @ right = U S Vᵀ.

    Without its blocks' means, which only cost, the product has rank R − T at most: nothing is cut off at the
    sufficient dimension.
    """
    Q_left, R_left = torch.linalg.qr(objective.centred(left))
    Q_right, R_right = torch.linalg.qr(right.T)
    U, S, Vt = torch.linalg.svd(R_left @ R_right.T, full_matrices=False)
    rank = min(len(S), objective.dim)
    root = S[:rank].sqrt()
    x = b_hat.new_zeros(objective.variables)
    W_hat, H_hat, b_new = objective.split(x)
    torch.matmul(Q_left, U[:, :rank] * root, out=W_hat[:, :rank])
    torch.matmul(root[:, None] * Vt[:rank], Q_right.T, out=H_hat[:rank])
    b_new.copy_(b_hat)
    return x
