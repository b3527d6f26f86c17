"""A singular value of the weighted targets, and its value at the minimum of squared error plus the nuclear norm.

With s the singular value and τ = 2 √(λ_H λ_W),

    min over r ≥ 0 of  ½ (s − r)² + τ r  =  ½ min(s, τ)² + τ r,   r = (s − τ)₊:

the singular value is r at the minimum, and zero exactly from λ_H λ_W = s²/4 on. A penalized bias leaves
κ = 2λ_b/(N + 2λ_b) of the mean target, of size σ, to the heads. Where that is a direction of its own, with s beside it,

    min over r of  ½ (s − α)² + κ/2 (σ − β)² + τ r,   r = √(α² + β²):   α = s r/(r + τ),  β = κσ r/(κr + τ),
    s²/(r + τ)² + σ²/(r + τ/κ)² = 1,

whose left side decreases and is convex in r; r = 0 from λ_H λ_W = (s² + κ²σ²)/4 on, and r = σ − τ/κ where s = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from theory.feature_space import Float
from theory.margins.threshold import Threshold, as_double
from theory.reading import SumProblem, square_root

STEPS = 100  # of Newton's method, which needs fewer than ten from its lower bound


@dataclass(frozen=True, eq=False)
class Mode:
    """Directions of the rows with one singular value of the weighted targets.

    what    "task 1", "class 3", "direction 2"
    square  s², of targets less their mean, or without bias of the targets
    basis   (R, d) orthonormal: s occurs d times
    mean    σ² of the mean target, in the one direction that a penalized bias leaves it; else 0
    unit    the margin of logits fitted exactly: 1 − ε of one-hot labels
    """

    what: str
    square: Fraction
    basis: Float
    mean: Fraction = Fraction(0)
    unit: Fraction = Fraction(1)


@dataclass(frozen=True, eq=False)
class Shrunk:
    """A mode at the minimum.

    size    r, the singular value of the weighted logits
    spread  α/s, the part of the targets' deviations that the heads fit
    level   β/σ, the part of the mean target that they fit
    loss    this mode's part of min F, all its d directions
    """

    mode: Mode
    size: float
    spread: float
    level: float
    loss: float
    threshold: Threshold

    @property
    def of_bias(self) -> bool:
        """Whether this mode consists only of what a penalized bias leaves of the mean."""
        return self.mode.mean > 0 and self.mode.square == 0


def bias_share(problem: SumProblem) -> Fraction:
    """κ = 2λ_b/(N + 2λ_b), what a penalized bias leaves of the mean; 0 of a free bias."""
    penalty = 2 * (problem.lambda_b or Fraction(0))
    return penalty / (problem.samples + penalty)


def shrunk(problem: SumProblem, mode: Mode) -> Shrunk:
    """The mode at the minimum; its side of the threshold is decided in rational arithmetic."""
    product = problem.lambda_H * problem.lambda_W
    share = bias_share(problem)
    value = (mode.square + share**2 * mode.mean) / 4
    below = product < value
    tau, s, k = problem.tau, square_root(mode.square), float(share)
    sigma = square_root(mode.mean)
    if not below:
        r = spread = level = 0.0
        loss = 0.5 * s * s + 0.5 * k * sigma * sigma
    elif mode.mean == 0:
        r = root_difference(mode.square, 4 * product)
        spread, level = r / s, 0.0
        loss = 0.5 * tau * tau + tau * r
    else:
        beside = tau / k if k > 0 else math.inf
        alone = mode.square == 0
        r = root_difference(mode.mean, 4 * product / share**2) if alone else _root(mode, tau, beside)
        spread, level = r / (r + tau), r / (r + beside)
        loss = 0.5 * (s * (1.0 - spread)) ** 2 + 0.5 * k * (sigma * (1.0 - level)) ** 2 + tau * r
    own = problem.divisor**2
    margin = float(mode.unit) * (spread if mode.square > 0 else level)
    row = Threshold(mode.what, as_double(product / own), as_double(value / own), below, margin)
    return Shrunk(mode, r, spread, level, loss * mode.basis.shape[1], row)


def root_difference(square: Fraction, other: Fraction) -> float:
    """√square − √other without cancellation."""
    return float((square - other) / (Fraction(square_root(square)) + Fraction(square_root(other))))


def _root(mode: Mode, tau: float, beside: float) -> float:
    """r > 0 with s²/(r + τ)² + σ²/(r + τ/κ)² = 1, by Newton's method from below, where it stays; ``beside`` τ/κ."""
    s, sigma = square_root(mode.square), square_root(mode.mean)
    r = max(s - tau, sigma - beside, 0.0)
    for _ in range(STEPS):
        own, level = s / (r + tau), sigma / (r + beside)
        step = (own * own + level * level - 1.0) / (2.0 * (own * own / (r + tau) + level * level / (r + beside)))
        if not r + step > r:
            break
        r += step
    return r
