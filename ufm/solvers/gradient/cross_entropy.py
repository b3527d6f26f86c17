"""Cross-entropy of blocks of logits, accurate where it is tiny.

Per sample and task, with logits u ∈ R^K, target y ≥ 0 of mass s = Σ y_k and an anchor a (a class of largest target):

    ℓ(u) = s lse(u) − ⟨y, u⟩,        ∇ℓ = s softmax(u) − y.

Near a minimizer ∇ℓ is tiny, and its entry at the anchor is the difference of two nearly equal numbers. The entries sum
to zero, so that entry is taken as minus the sum of the others, which keeps its relative accuracy in float32. The loss
is written in margins D_k = u_k − u_a for the same reason. Shapes: (tasks, K, n); mass and anchor (tasks, 1, n): with
samples last, reductions over a few classes run along vectors of samples.
"""

from __future__ import annotations

import torch
from torch import Tensor

CLASSES = -2  # the dimension of the classes


def residual(logits: Tensor, target: Tensor, mass: Tensor, anchor: Tensor) -> Tensor:
    """∇ℓ, entries of every block summing to zero."""
    gradient = torch.softmax(logits, dim=CLASSES).mul_(mass).sub_(target).scatter_(CLASSES, anchor, 0.0)
    return gradient.scatter_(CLASSES, anchor, gradient.sum(dim=CLASSES, keepdim=True).neg_())


def margins(logits: Tensor, anchor: Tensor) -> Tensor:
    """D_k = u_k − u_a."""
    return logits - logits.gather(CLASSES, anchor)


def loss(margin: Tensor, target: Tensor, mass: Tensor, anchor: Tensor) -> Tensor:
    """Σ ℓ in float64: with M = max D ≥ 0,  lse(D) = M + log1p(Σ_{k≠a} e^{D_k − M} + (e^{−M} − 1))."""
    top = margin.amax(dim=CLASSES, keepdim=True)
    others = (margin - top).exp_().scatter_(CLASSES, anchor, 0.0).sum(dim=CLASSES, keepdim=True)
    lse = top + torch.log1p(others + torch.expm1(-top))
    return (mass * lse).sum(dtype=torch.float64) - (target * margin).sum(dtype=torch.float64)


def along(margin: Tensor, first: Tensor, second: Tensor, target: Tensor, mass: Tensor) -> tuple[Tensor, Tensor]:
    """First and second derivative in t of Σ ℓ(D(t)) where D' = first and D'' = second (margins too), in float64.

        d/dt = Σ ⟨s p − y, D'⟩,      d²/dt² = Σ s (Σ_k p_k D'_k² − (Σ_k p_k D'_k)²) + ⟨s p − y, D''⟩.

    D' and D'' vanish at the anchor, so the residual's entry there is never needed.
    """
    p = torch.softmax(margin, dim=CLASSES)
    gradient = torch.addcmul(target, p, mass, value=-1.0).neg_()
    slope = (gradient * first).sum(dtype=torch.float64)
    p.mul_(first)
    mean = p.sum(dim=CLASSES, keepdim=True)
    variance = (p.mul_(first).sum(dim=CLASSES, keepdim=True) - mean * mean).mul_(mass)
    return slope, variance.sum(dtype=torch.float64) + (gradient * second).sum(dtype=torch.float64)
