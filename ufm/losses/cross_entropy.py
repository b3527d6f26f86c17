"""Cross-entropy to soft targets, accurate where it is tiny.

Per column and task, with logits u ∈ R^K, target y ≥ 0 of mass s = Σ y_k and p = softmax(u),

    ℓ(u; y) = s lse(u) − ⟨y, u⟩,      ∂ℓ = s p − y,      ∂²ℓ v = s (p ∘ v − p ⟨p, v⟩),      ‖∂²ℓ‖ ≤ s/2.

Near a minimizer ∂ℓ is tiny, and its entry at the likeliest class is the difference of two nearly equal numbers: it is
computed from what the others leave. For chunks of samples it is minus the sum of the others' entries, and the loss is
written in margins D_k = u_k − u_a to an anchor a, a class of largest target, which keeps digits in float32 too.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ufm.losses.loss import Bool, Columns, Float, Pieces, smallest
from ufm.losses.task_blocks import TaskBlocks

CLASSES = -2  # the dimension of the classes: with samples last, reductions over a few classes run along vectors
USUAL = 0.2  # of the bound on the residual of hard targets: what minimizers have
WHOLE = 1e-6  # what float32's softmax misses a sum of one by


class SoftmaxColumns:
    """As ``Columns``; the state is p = softmax(u) in each block."""

    def __init__(self, blocks: TaskBlocks, y: Tensor, weight: Tensor) -> None:
        self.blocks, self.y, self.weight = blocks, y, weight
        self.s = blocks.spread(blocks.sum(y))
        self.rest = self.s - y
        self.weight_s = weight * self.s
        self.weight_y = weight * y
        self.per_block = blocks.first(self.weight_s)

    def value(self, u: Tensor) -> tuple[Tensor, Pieces]:
        """lse − max = log1p(r), with r the sum of the exponentials below the maximum.

        Where a sample is fitted to 1 − p = 1e-9 this keeps every digit of the loss, which log(Σ exp) would round away.
        """
        shifted = u - self.blocks.spread(self.blocks.max(u))
        at_max = shifted == 0
        below = shifted.exp().masked_fill_(at_max, 0.0)
        r = self.blocks.sum(below) + (self.blocks.sum(at_max.to(u.dtype)) - 1.0)
        total = self.blocks.total
        return total(self.per_block * torch.log1p(r)) - total(self.weight_y * shifted), (below, r, at_max)

    def linearize(self, pieces: Pieces) -> tuple[Pieces, Tensor]:
        """At the block's maximum, s p − y = (s − y) − s r/(1 + r): no cancellation when p is nearly one."""
        below, r, at_max = pieces
        top = self.blocks.spread(1.0 / (1.0 + r))
        p = torch.where(at_max, top, below * top)
        return (p,), torch.where(at_max, self.rest - self.s * self.blocks.spread(r / (1.0 + r)), self.s * p - self.y)

    def curve(self, state: Pieces, du: Tensor) -> Tensor:
        """w s (p ∘ du − p ⟨p, du⟩)."""
        (p,) = state
        dp = du.mul_(p)
        dp.addcmul_(p, self.blocks.spread(self.blocks.sum(dp)), value=-1.0)
        return dp.mul_(self.weight_s)

    def diagonal(self, state: Pieces) -> Tensor:
        """w s p (1 − p)."""
        (p,) = state
        return self.weight_s * p * (1.0 - p)

    def remainder(self, state: Pieces, du: Tensor) -> Tensor:
        """Σ w s [ log Σ_k p_k e^{du_k} − ⟨p, du⟩ ]."""
        (p,) = state
        du -= self.blocks.spread(self.blocks.sum(p * du))
        curved = torch.log1p(self.blocks.sum(p * (torch.expm1(du) - du)))
        return self.blocks.total(self.per_block * curved)

    def excess(self, state: Pieces, residual: Tensor) -> Tensor:
        """Σ w Σ_k (s p − y)² / (s p), the χ² distance of y from s p."""
        (p,) = state
        return self.blocks.total(self.weight * residual**2 / (self.s * p).clamp_min(smallest(residual.dtype)))

    def cancelled(self, state: Pieces) -> Tensor:
        """Soft targets leave s p − y as a difference of equal numbers; one-hot targets do not."""
        (p,) = state
        return torch.minimum(torch.minimum(self.s * p, self.y), self.rest)

    def bias_curvature(self, reach: Tensor) -> Tensor:
        """s p (1 − p) is at most the residual's size, whose norm over the columns τ bounds."""
        return reach


class CrossEntropy:
    """As ``Loss``."""

    shift_blind: ClassVar[bool] = True
    quadratic: ClassVar[bool] = False
    curvature_bound: ClassVar[float] = 0.5
    columns: ClassVar[type[Columns]] = SoftmaxColumns

    @staticmethod
    def check(name: str, targets: Float) -> None:
        """Probabilities: rows ≥ 0 of sum 1."""
        sums = targets.sum(axis=1)
        wrong = (targets < 0).any(axis=1) | (np.abs(sums - 1.0) > WHOLE)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(
                f"{name}[{row}] has least entry {targets[row].min():g} and sum {sums[row]:g}; cross-entropy takes "
                "probabilities, ≥ 0 with sum 1. loss='binary-cross-entropy' takes any in [0, 1]"
            )

    @staticmethod
    def mass(y: Float) -> Float:
        """s = Σ_k y_k."""
        return np.asarray(y.sum(axis=0))

    @staticmethod
    def unbounded(y: Float) -> Bool:
        """The classes of no sample."""
        return np.asarray((y == 0.0).all(axis=1))

    @staticmethod
    def bias_curvature(y: Float, weight: Float, omega: Float, tau: float) -> Float:
        """Soft targets are nearly matched: Σ w y (1 − y/s). Of hard ones Σ w (1 − p) ≤ τ √(Σ w ω) over the class; a
        fifth of that bound is what minimizers were seen to have. At most p (1 − p) = 1/4 for every sample.
        """
        s = y.sum(axis=0)
        soft = (weight * y * (1.0 - y / np.where(s > 0, s, 1.0))).sum(axis=1)
        hard = USUAL * tau * np.sqrt(y @ (weight * omega))
        return np.asarray(np.minimum(soft + hard, weight @ s / 4))

    @staticmethod
    def residual(logits: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """∇ℓ, entries of every block summing to zero."""
        gradient = torch.softmax(logits, dim=CLASSES).mul_(weight).sub_(target).scatter_(CLASSES, anchor, 0.0)
        return gradient.scatter_(CLASSES, anchor, gradient.sum(dim=CLASSES, keepdim=True).neg_())

    @staticmethod
    def margins(logits: Tensor, anchor: Tensor) -> Tensor:
        """D_k = u_k − u_a."""
        return logits - logits.gather(CLASSES, anchor)

    @staticmethod
    def loss(margin: Tensor, target: Tensor, weight: Tensor, anchor: Tensor) -> Tensor:
        """Σ ℓ in float64: with M = max D ≥ 0,  lse(D) = M + log1p(Σ_{k≠a} e^{D_k − M} + (e^{−M} − 1))."""
        top = margin.amax(dim=CLASSES, keepdim=True)
        others = (margin - top).exp_().scatter_(CLASSES, anchor, 0.0).sum(dim=CLASSES, keepdim=True)
        lse = top + torch.log1p(others + torch.expm1(-top))
        return (weight * lse).sum(dtype=torch.float64) - (target * margin).sum(dtype=torch.float64)

    @staticmethod
    def along(margin: Tensor, first: Tensor, second: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """First and second derivative in t of Σ ℓ(D(t)) where D' = first and D'' = second (margins too), in float64.

            d/dt = Σ ⟨s p − y, D'⟩,      d²/dt² = Σ s (Σ_k p_k D'_k² − (Σ_k p_k D'_k)²) + ⟨s p − y, D''⟩.

        D' and D'' vanish at the anchor, so the residual's entry there is never needed.
        """
        p = torch.softmax(margin, dim=CLASSES)
        gradient = torch.addcmul(target, p, weight, value=-1.0).neg_()
        slope = (gradient * first).sum(dtype=torch.float64)
        p.mul_(first)
        mean = p.sum(dim=CLASSES, keepdim=True)
        variance = (p.mul_(first).sum(dim=CLASSES, keepdim=True) - mean * mean).mul_(weight)
        return slope, variance.sum(dtype=torch.float64) + (gradient * second).sum(dtype=torch.float64)

    @staticmethod
    def convex(u: Any, y: Float, weight: Float) -> list[Any]:
        """w s log_sum_exp(u) − ⟨w y, u⟩."""
        import cvxpy  # late: an extra

        return [
            (weight * CrossEntropy.mass(y)) @ cvxpy.log_sum_exp(u, axis=0),
            -cvxpy.sum(cvxpy.multiply(weight * y, u)),
        ]
