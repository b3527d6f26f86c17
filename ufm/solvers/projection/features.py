"""The best features of given heads, for a chunk of columns: R numbers a column in place of the d of a feature.

At the best features ĥ_l = Ŵᵀ a_l with a_l = −G_l, so that, with M = Ŵ Ŵᵀ,

    u_l = E_l M a_l + e b̂,      a + G(u) = 0,      G = c n E ∂ℓ.

Newton's step is (I + D M) x = −(a + G) with D = E ∂²(c n ℓ) E: symmetric in the inner product ⟨x, M x⟩, and there the
identity plus something positive, so that conjugate gradients take few products M r. Each column has its own numbers,
and a step that overshoots is shortened for that column alone: u is linear in a, and needs no further product.
Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
separate, SIAM Journal on Numerical Analysis 1973; Chapelle, Training a support vector machine in the primal, Neural
Computation 2007, for Newton's step in a.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ufm.losses.loss import Pieces
from ufm.solvers.objective import Objective

NEAR = 0.1  # a Newton step from there leaves little, and heads that move by a part of themselves need no more
STEPS, PRODUCTS = 100, 40  # of Newton, and products in each
ROUNDING = {torch.float64: 1e-20, torch.float32: 1e-8}  # of ‖a‖²: from there missed only falls, if it is no rounding
FORCING = 0.3  # of a Newton step's own residual: what is left is for the next
ENOUGH = 0.5  # of a column's slope, which a whole step may leave
SHORTENINGS = 20

Multiply = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Features:
    """a (R, columns) and product = M a; the losses there, their states, residual and G; the products it took."""

    a: Tensor
    product: Tensor
    loss: float
    states: tuple[Pieces, ...]
    residual: Tensor
    G: Tensor
    products: int


@dataclass(frozen=True)
class Step:
    """About x and M x of (I + D M) x = −(a + G); missed, ‖a + G‖² in the norm of M; the products it took."""

    x: Tensor
    Mx: Tensor
    missed: float
    products: int


def best_features(
    objective: Objective, times_M: Multiply, b_hat: Tensor, a: Tensor, tolerance: float = NEAR, steps: int = STEPS
) -> Features:
    """From a, until a Newton step begins with ‖a + G‖ ≤ tolerance · ‖a‖ in the norm of M, and ends whole."""
    at, before = features_at(objective, a, times_M(a), b_hat, 1), math.inf
    for _ in range(steps):
        step = newton_step(objective, times_M, at)
        size = float((at.a * at.product).sum())
        near = step.missed <= tolerance**2 * size
        near = near or before <= step.missed <= ROUNDING[a.dtype] * size
        before = step.missed
        there = features_at(objective, at.a + step.x, at.product + step.Mx, b_hat, at.products + step.products)
        if near:
            return there
        overshot = (_slope(there, step.Mx).abs() > ENOUGH * _slope(at, step.Mx).abs()).nonzero()[:, 0]
        if len(overshot):
            t = torch.ones_like(step.x[0])
            t[overshot] = _shortened(objective, at, step, b_hat, overshot)
            there = features_at(objective, at.a + t * step.x, at.product + t * step.Mx, b_hat, there.products)
        at = there
    return at


def features_at(objective: Objective, a: Tensor, product: Tensor, b_hat: Tensor, products: int) -> Features:
    """The losses at u = E product + e b̂."""
    loss, pieces = objective.value_at_logits(product, b_hat)
    states, residual = objective.losses_at(pieces)
    return Features(a, product, loss, states, residual, objective.c_n_E * residual, products)


def newton_step(objective: Objective, times_M: Multiply, at: Features) -> Step:
    """By conjugate gradients, until the residual is FORCING of what it was."""
    tiny = torch.finfo(at.a.dtype).tiny
    r = -(at.a + at.G)
    size = float(r.square().sum())
    Mr = times_M(r)
    squared = (r * Mr).sum(0).clamp_min(0.0)
    missed, products = float(squared.sum()), 1
    p, Mp = r.clone(), Mr.clone()
    x, Mx = torch.zeros_like(r), torch.zeros_like(r)
    while True:
        Ap = objective.curved(at, Mp).add_(p)
        # at most one, as ⟨p, A p⟩ ≥ ⟨p, p⟩ ≥ ⟨r, r⟩, which rounding may break where the heads have nothing of p
        share = squared / torch.maximum((Ap * Mp).sum(0), squared).clamp_min(tiny)
        x.addcmul_(share, p)
        Mx.addcmul_(share, Mp)
        r.addcmul_(share, Ap, value=-1.0)
        # in the plain norm, which is known before another product
        if products == PRODUCTS or float(r.square().sum()) <= FORCING**2 * size:
            return Step(x, Mx, missed, products)
        Mr = times_M(r)
        products += 1
        left = (r * Mr).sum(0).clamp_min(0.0)
        if float(left.sum()) <= FORCING**4 * missed:
            return Step(x, Mx, missed, products)
        ratio = left / squared.clamp_min(tiny)
        p.mul_(ratio).add_(r)
        Mp.mul_(ratio).add_(Mr)
        squared = left


def _slope(at: Features, Mx: Tensor) -> Tensor:
    """(columns,) the slope ⟨a + G, M x⟩ of each column's ½ aᵀM a + Σ c n ℓ along x."""
    return ((at.a + at.G) * Mx).sum(0)


def _shortened(objective: Objective, at: Features, step: Step, b_hat: Tensor, columns: Tensor) -> Tensor:
    """(columns,) t in (0, 1] at which each such column's slope along x, rising in t, is about zero: bisection."""
    own = objective.part(columns.cpu().numpy())
    a, product, x, Mx = (each.index_select(1, columns) for each in (at.a, at.product, step.x, step.Mx))
    low, high = torch.zeros_like(x[0]), torch.ones_like(x[0])
    for _ in range(SHORTENINGS):
        t = 0.5 * (low + high)
        slope = _slope(features_at(own, a + t * x, product + t * Mx, b_hat, 0), Mx)
        low, high = torch.where(slope <= 0.0, t, low), torch.where(slope > 0.0, t, high)
    return torch.where(low > 0.0, low, high)
