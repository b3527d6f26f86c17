"""Several margins whose singular values share one square root.

    min over a of  Σ_i v_i Φ_i(a_i) + τ √(Σ_i v_i a_i²),     Φ_i′(a) = ε − f_i(a),   f_i > 0 decreasing, f_i(0) > ε

is convex, and v_i Φ_i′ is minus what the cross-entropy gives by moving a_i. With μ = τ/σ, σ = √(Σ v_i a_i²),

    f_i(a_i) = ε + μ a_i   for every i:

one number σ decides all margins. Each equation has one root a_i(σ), and √(Σ v_i a_i(σ)²) / σ falls as σ grows, from
√(Σ v_i (f_i(0) − ε)²) / τ =: √(1 + x) at σ = 0. Where x ≤ 0 every margin is zero: they leave zero together, as

    a_i = g_i σ/τ,   σ/τ = x Σ_i v_i g_i² / (2 Σ_i v_i g_i² (−f_i′(0))),   g_i = f_i(0) − ε,   to first order in x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from theory.margins.safeguarded_newton import decreasing_root

LARGEST = Fraction(10**300)
NEAR = 1e-8  # x below which its first order is closer than the difference from 1 of a float √(1 + x)


class Force(Protocol):
    """f, by its logarithm, and f(0)."""

    @property
    def at_zero(self) -> float:
        """f(0)."""
        ...

    def log(self, a: float) -> tuple[float, float]:
        """log f(a) and its derivative."""
        ...


@dataclass(frozen=True)
class LabelForce:
    """f(a) = K / (m e^a + K − m): K times the probability of a wrong class at logits a (1_S − m/K), |S| = m."""

    classes: int
    members: int = 1

    at_zero = 1.0

    def log(self, a: float) -> tuple[float, float]:
        """−log(m/K e^a + 1 − m/K)."""
        rest = (self.classes - self.members) / self.members * math.exp(-a)
        return -a - math.log((self.members / self.classes) * (1.0 + rest)), -1.0 / (1.0 + rest)


def margins(
    forces: Sequence[Force], weights: Sequence[float], tau: float, label_smoothing: float, excess: Fraction
) -> list[float]:
    """(a_1, …) of the minimum, all zero where the penalty holds them there: excess ≤ 0.

    weights v_i > 0; τ > 0; 0 ≤ ε < 1; excess x, from rationals, since its sign is the regime. Accurate to rounding,
    relative, away from the point where margins leave zero, and to 1e-8 of themselves near it.
    """
    if excess <= 0:
        return [0.0] * len(forces)
    pulls = [force.at_zero - label_smoothing for force in forces]
    if excess < NEAR:
        shares = [v * pull * pull for v, pull in zip(weights, pulls, strict=True)]
        falls = [-force.log(0.0)[1] * force.at_zero for force in forces]
        bent = math.fsum(share * fall for share, fall in zip(shares, falls, strict=True))
        sigma = 0.5 * float(excess) * math.fsum(shares) / bent  # over τ
        return [pull * sigma for pull in pulls]
    found = [0.0] * len(forces)

    def evaluate(log_sigma: float) -> tuple[float, float]:
        """log( √(Σ v a²) / σ ) and its derivative by log σ: a′ = (a/σ) μ / (μ − f′)."""
        mu = tau / math.exp(log_sigma)
        squares, moved = [], []
        for i, (force, v, pull) in enumerate(zip(forces, weights, pulls, strict=True)):
            a = found[i] = _margin(force, pull, mu, label_smoothing, found[i])
            log_f, slope = force.log(a)
            squares.append(v * a * a)
            moved.append(squares[-1] * mu / (mu - slope * math.exp(log_f)))
        total = math.fsum(squares)
        return 0.5 * math.log(total) - log_sigma, math.fsum(moved) / total - 1.0

    above = math.expm1(0.5 * math.log1p(float(min(excess, LARGEST))))  # √(1 + x) − 1
    start = 0.5 * math.log(math.fsum(weights)) + math.log(math.log1p(2.0 * above))
    evaluate(decreasing_root(evaluate, -math.inf, math.inf, start, scale=1.0))  # leaves the margins of the last σ
    return found


def _margin(force: Force, pull: float, mu: float, epsilon: float, start: float) -> float:
    """a with f(a) = ε + μ a, as log f(a) − log(ε + μ a) = 0: nearly linear in a wherever f is exponential."""
    end = pull / mu

    def evaluate(a: float) -> tuple[float, float]:
        log_f, slope = force.log(a)
        right = epsilon + mu * a
        return log_f - math.log(right), slope - mu / right

    return decreasing_root(evaluate, 0.0, end, start if 0.0 < start < end else min(0.5 * end, 1.0))
