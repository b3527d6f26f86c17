"""L-BFGS on φ, and the directions that the heads lack.

In Ŵ a direction of which the heads have next to nothing grows by a factor a step at best: every stationary point of φ
that is no minimum is such a saddle. In M = Ŵ Ŵᵀ, where φ is convex, its slope along q qᵀ is ½ (1 − λ) for an
eigenvector q of S with eigenvalue λ. So every few steps each q with λ > 1 is given a column that the heads do not use.
Source: Nocedal and Wright, Numerical Optimization, 2nd ed., Algorithm 7.4; Journée, Bach, Absil and Sepulchre, Low-rank
optimization on the cone of positive semidefinite matrices, SIAM Journal on Optimization 2010, for leaving the saddles.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ufm.solvers.objective import SMALLEST
from ufm.solvers.projection.features import NEAR
from ufm.solvers.projection.polar_gap import PRODUCTS, polar_gap
from ufm.solvers.projection.reduced import Evaluation, Reduced

logger = logging.getLogger(__name__)

PAIRS = 16  # steps remembered
CURVATURE = 1e-10  # least ⟨s, y⟩ / (‖s‖ ‖y‖): below it the features' error decides the sign
SUFFICIENT = 1e-4  # of the slope, by which F must fall
SHRINK, SHORTEST = 0.3, 1e-5  # of a step along which F does not fall
BLIND = 1.0  # of ‖x‖: the longest step along the gradient alone, whose length means nothing
ROUNDING = {torch.float64: 1e-14, torch.float32: 1e-8}  # of F
PATIENCE = 4  # steps in a row without progress
CARE = 0.1  # of the features' tolerance, once their error may be what hides progress
EVERY = 20  # steps until lacking directions are looked for again
GROWTH = 0.1  # of (λ − 1) times the size of the heads' own directions; more overshoots
LACKING = 0.1  # of the tolerance: a smaller ‖G‖_2 − 1 is left to L-BFGS
SINGLE = 1e-6  # a gap above which float32 does not show
RATIO = 0.1  # of the polar gap to the gap's square: before it is known, and again after AGAIN steps
AGAIN = 10


@dataclass
class History:
    """Per step: F, the gradient's norm (scaled coordinates), the relative duality gap, products with M.

    Steps on the path of λ's count with the objective of their own λ's.
    """

    loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    relative_gap: list[float] = field(default_factory=list)
    products: list[float] = field(default_factory=list)

    def add(self, at: Evaluation, products: float) -> None:
        """One row."""
        norm = float(at.gradient.norm())
        told = "step %d: F = %.10g, gap %.1e, gradient %.1e, %.3g products"
        logger.info(told, len(self.loss), at.value, at.gap, norm, products)
        self.loss.append(at.value)
        self.gradient_norm.append(norm)
        self.relative_gap.append(at.gap)
        self.products.append(products)


class Pairs:
    """The last s = Δx and y = Δ∇φ, and the inverse Hessian B that they imply."""

    def __init__(self) -> None:
        self.kept: deque[tuple[Tensor, Tensor, float]] = deque(maxlen=PAIRS)

    def add(self, s: Tensor, y: Tensor) -> None:
        """Unless ⟨s, y⟩ is not positive."""
        product = float(s.dot(y))
        if product > CURVATURE * float(s.norm() * y.norm()):
            self.kept.append((s, y, product))

    def direction(self, gradient: Tensor) -> Tensor:
        """−B ∇φ."""
        q = gradient.neg()
        shares = []
        for s, y, product in reversed(self.kept):
            shares.append(float(s.dot(q)) / product)
            q.add_(y, alpha=-shares[-1])
        if self.kept:
            _, y, product = self.kept[-1]
            q.mul_(product / float(y.dot(y)))
        for (s, y, product), share in zip(self.kept, reversed(shares), strict=True):
            q.add_(s, alpha=share - float(y.dot(q)) / product)
        return q


@dataclass
class Descent:
    """A point x of φ, its evaluation, and why it is the last: "tolerance", "steps", "rounding" or "interrupted"."""

    x: Tensor
    at: Evaluation
    ended: str = "steps"


def minimize(reduced: Reduced, x: Tensor, history: History, *, tolerance: float, max_steps: int) -> Descent:
    """Steps from x until what is missed is at most the tolerance; Ctrl-C returns the point of the last whole step."""
    best = Descent(x, reduced.evaluate(x))
    try:
        best.ended = _steps(reduced, best, history, tolerance, max_steps)
    except KeyboardInterrupt:
        best.ended = "interrupted"
    return best


def _steps(reduced: Reduced, best: Descent, history: History, tolerance: float, max_steps: int) -> str:
    pairs, stalled, spent, care = Pairs(), 0, best.at.products, 1.0
    ratio, asked = RATIO, 0

    def evaluate(x: Tensor) -> Evaluation:
        nonlocal spent
        found = reduced.evaluate(x, care * min(NEAR, best.at.residual))
        spent += found.products
        return found

    def closer(at: Evaluation) -> Evaluation:
        """The last evaluation, with its polar gap where that is likely to be enough: it falls as the gap's square."""
        nonlocal spent, ratio, asked
        expected = RATIO if step >= asked + AGAIN else ratio
        square = at.gap * at.gap
        if at.narrow or at.gap <= tolerance or not expected * square <= tolerance:
            return at
        polar = polar_gap(reduced, best.x, at)
        spent, ratio, asked = spent + PRODUCTS, polar / square, step
        return replace(at, gap=min(at.gap, polar))

    for step in range(max_steps):
        if reduced.single and (stalled >= PATIENCE or best.at.missed <= max(SINGLE, tolerance)):
            reduced.refine()
            best.at, stalled = closer(evaluate(best.x)), 0
        if best.at.missed <= tolerance:
            return "tolerance"
        if stalled >= PATIENCE:
            return "rounding"
        if step % EVERY == 0 and best.at.excess > LACKING * tolerance:
            x = grown(reduced, best.x, best.at)
            at = evaluate(x)
            if at.value < best.at.value:
                best.x, best.at = x, at
        noise = ROUNDING[reduced.a.dtype] * best.at.value
        direction = pairs.direction(best.at.gradient)
        slope = float(direction.dot(best.at.gradient))
        if not slope < 0.0:  # the pairs' rounding
            pairs, direction = Pairs(), best.at.gradient.neg()
            slope = float(direction.dot(best.at.gradient))
        t = 1.0 if pairs.kept else min(1.0, BLIND * float(best.x.norm()) / float(direction.norm()))
        while t > SHORTEST:
            x = best.x + t * direction
            at = evaluate(x)
            fell = best.at.value - at.value
            calmer = float(at.gradient.norm()) <= float(best.at.gradient.norm())
            if fell >= -SUFFICIENT * t * slope or (abs(fell) <= noise and calmer):
                break
            t *= SHRINK
        else:
            care *= CARE
            best.at, pairs, stalled = evaluate(best.x), Pairs(), stalled + 1
            continue
        stalled = 0 if fell > noise else stalled + 1
        pairs.add(x - best.x, at.gradient - best.at.gradient)
        best.x, best.at = x, at
        best.at = closer(at)
        history.add(best.at, spent)
        spent = 0.0
    return "tolerance" if not reduced.single and best.at.missed <= tolerance else "steps"


def grown(reduced: Reduced, x: Tensor, at: Evaluation) -> Tensor:
    """x with √t q in an unused column of Ŵ for each eigenvector q of S with λ > 1, t = GROWTH min(λ − 1, 1) μ.

    μ is the mean of M's eigenvalues weighed by themselves.
    """
    W_hat, b_hat = reduced.split(x)
    sizes, right = torch.linalg.eigh(W_hat.T @ W_hat)
    mu = float(sizes.square().sum() / sizes.sum().clamp_min(SMALLEST))
    values, vectors = torch.linalg.eigh(at.S)
    lacking = min(int((values > 1.0).sum()), len(sizes))
    root = (GROWTH * mu * (values[len(values) - lacking :] - 1.0).clamp_max(1.0)).sqrt()
    more = W_hat + (vectors[:, len(values) - lacking :] * root) @ right[:, :lacking].T
    return torch.cat([more.reshape(-1), b_hat.reshape(-1)])
