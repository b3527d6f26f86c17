"""Several margins whose singular values share one square root.

    min over a of  Σ_i v_i Φ_i(a_i) + τ √(Σ_i v_i a_i²),     Φ_i′(a) = ε − f_i(a),   f_i > 0 decreasing, f_i(0) > ε

is convex, and v_i Φ_i′ is minus what the cross-entropy gives by moving a_i. With μ = τ/σ, σ = √(Σ v_i a_i²),

    f_i(a_i) = ε + μ a_i   for every i:

one number σ decides all margins. Each equation has one root a_i(σ), and √(Σ v_i a_i(σ)²) / σ falls as σ grows, from
√(Σ v_i (f_i(0) − ε)²) / τ at σ = 0. Where that is at most 1 every margin is zero: they leave zero together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from theory.margins.safeguarded_newton import decreasing_root


class Force(Protocol):
    """f, by its logarithm."""

    def log(self, a: float) -> tuple[float, float]:
        """log f(a) and its derivative."""
        ...


@dataclass(frozen=True)
class LabelForce:
    """f(a) = K / (m e^a + K − m): K times the probability of a wrong class at logits a (1_S − m/K), |S| = m."""

    classes: int
    members: int = 1

    def log(self, a: float) -> tuple[float, float]:
        """−log(m/K e^a + 1 − m/K)."""
        rest = (self.classes - self.members) / self.members * math.exp(-a)
        return -a - math.log((self.members / self.classes) * (1.0 + rest)), -1.0 / (1.0 + rest)


def margins(forces: Sequence[Force], weights: Sequence[float], tau: float, label_smoothing: float) -> list[float]:
    """(a_1, …) of the minimum, all zero where the penalty holds them there.

    weights v_i > 0; τ > 0; 0 ≤ ε < 1. Accurate to rounding, relative, away from the point where margins leave zero, and
    to rounding of the logits near it.
    """
    zero = [math.exp(force.log(0.0)[0]) for force in forces]
    pull = math.sqrt(math.fsum(v * (f - label_smoothing) ** 2 for v, f in zip(weights, zero, strict=True)))
    if pull <= tau:
        return [0.0] * len(forces)
    found = [0.0] * len(forces)

    def evaluate(log_sigma: float) -> tuple[float, float]:
        """log( √(Σ v a²) / σ ) and its derivative by log σ: a′ = (a/σ) μ / (μ − f′)."""
        mu = tau / math.exp(log_sigma)
        squares, moved = [], []
        for i, (force, v, f) in enumerate(zip(forces, weights, zero, strict=True)):
            a = found[i] = _margin(force, f, mu, label_smoothing, found[i])
            log_f, slope = force.log(a)
            squares.append(v * a * a)
            moved.append(squares[-1] * mu / (mu - slope * math.exp(log_f)))
        total = math.fsum(squares)
        return 0.5 * math.log(total) - log_sigma, math.fsum(moved) / total - 1.0

    start = 0.5 * math.log(math.fsum(weights)) + math.log(math.log1p(2.0 * (pull / tau - 1.0)))
    evaluate(decreasing_root(evaluate, -math.inf, math.inf, start, scale=1.0))  # leaves the margins of the last σ
    return found


def _margin(force: Force, at_zero: float, mu: float, epsilon: float, start: float) -> float:
    """a with f(a) = ε + μ a, as log f(a) − log(ε + μ a) = 0: nearly linear in a wherever f is exponential."""
    end = (at_zero - epsilon) / mu

    def evaluate(a: float) -> tuple[float, float]:
        log_f, slope = force.log(a)
        right = epsilon + mu * a
        return log_f - math.log(right), slope - mu / right

    return decreasing_root(evaluate, 0.0, end, start if 0.0 < start < end else min(0.5 * end, 1.0))
