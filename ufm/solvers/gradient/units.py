"""The units the optimizer's variables are in: the problem's own, or balanced ones.

Variables (Ŵ, ĥ_i, b̂) stand for W = Ŵ·u_W, h_i = ĥ_i·u_i, b = b̂·u_b, and the penalty reads ½ Σ ρ x².

    problem's own   u = 1 and ρ = 2 λ_W c^t, 2 λ_H w_i ω_i, 2 λ_b c^t: Problem (3) literally
    balanced        u_W = 1/√(2 λ_W c^t) and u_i = 1/√(2 λ_H w_i ω_i), so ρ = 1: the Hessian is the identity plus the
                    losses' curvature whatever the λ's, counts and weights are. u_b = 1/√(2 λ_b c^t + κ) with κ the
                    losses' own curvature in b, which a small λ_b would not balance.

Without a bias u_b = 0 in both: its gradient is 0, and b stays exactly that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ufm.problems.standard_form import Float
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.samples import Samples

Column = float | Tensor  # one number per column of the form, a single float where all agree


@dataclass(frozen=True)
class PerBlock:
    """One positive number per row of W, per entry of b and per column: W (R, 1), b (R,), H float or (m, 1)."""

    W: Tensor
    b: Tensor
    H: Column

    def of_samples(self, column: Tensor) -> Column:
        """H's number for samples of the given columns: a float, or (n, 1)."""
        return self.H if isinstance(self.H, float) else self.H.index_select(0, column)


@dataclass(frozen=True)
class Units:
    """scale u, penalty ρ, and metric: Σ metric · gradient² is the squared gradient norm in balanced units."""

    scale: PerBlock
    penalty: PerBlock
    metric: PerBlock

    def to_own(self, point: Point, samples: Samples) -> None:
        """Multiplies by u in place: the point in the problem's own units."""
        point.heads.mul_(self.scale.W)
        point.bias.mul_(self.scale.b)
        rows = len(point.features) if isinstance(self.scale.H, float) else 1 << 14
        parts = zip(torch.split(point.features, rows), torch.split(samples.column, rows), strict=True)
        for features, column in parts:
            features.mul_(self.scale.of_samples(column))


def own_units(samples: Samples) -> Units:
    """u = 1."""
    b = np.full_like(samples.b_penalty, samples.has_bias)
    one = (np.ones_like(samples.W_penalty), b, np.ones_like(samples.H_penalty))
    twice = (2 * samples.W_penalty, 2 * samples.b_penalty, 2 * samples.H_penalty)
    metric = (u**2 for u in _balanced_scales(samples))
    return Units(_per_block(samples, *one), _per_block(samples, *twice), _per_block(samples, *metric))


def balanced_units(samples: Samples) -> Units:
    """ρ = 1 for W and H."""
    W, b, H = _balanced_scales(samples)
    one = (np.ones_like(W), np.ones_like(b), np.ones_like(H))
    penalty = (np.ones_like(W), 2 * samples.b_penalty * b**2, np.ones_like(H))
    return Units(_per_block(samples, W, b, H), _per_block(samples, *penalty), _per_block(samples, *one))


def _balanced_scales(samples: Samples) -> tuple[Float, Float, Float]:
    with np.errstate(divide="ignore"):  # weights that a rule has let vanish, on the way to an F that is not finite
        b = (2 * samples.b_penalty + samples.bias_curvature) ** -0.5 if samples.has_bias else 0 * samples.b_penalty
        return (2 * samples.W_penalty) ** -0.5, b, (2 * samples.H_penalty) ** -0.5


def _per_block(samples: Samples, W: Float, b: Float, H: Float) -> PerBlock:
    def tensor(array: Float) -> Tensor:
        return torch.as_tensor(array, dtype=samples.target.dtype, device=samples.target.device)

    agree = float(np.ptp(H)) <= 1e-14 * float(H[0])
    return PerBlock(tensor(W)[:, None], tensor(b), float(H[0]) if agree else tensor(H)[:, None])
