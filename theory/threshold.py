"""The one closed form behind every theorem: a logit margin and the threshold from which it is zero.

Where symmetry leaves a block of logits one degree of freedom a, z = a (e_k − 1/K), the minimizer has

    a = log( K √r − (K − 1) ),   r = threshold / (λ_H λ_W),

and a = 0 once λ_H λ_W ≥ threshold. Theorem 3.1 has threshold c^t N / (4 K_t) for task t, Theorem 3.2 n_t / 4 for task
t, Theorem 5.1 n^{k1,k2} / 2 with K = 2 for a pair of labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from theory.reading import SumProblem

_SCALE = 1 << 512  # a difference of products of doubles is above 2^-220 of either, and wants 53 bits more


@dataclass(frozen=True)
class Threshold:
    """Where λ_H λ_W stands against the value from which part of the minimizer is zero.

    what     the part: "task 1", "labels that agree"
    product  λ_H λ_W, with the λ's as the problem gives them
    value    the threshold, for λ's of that reduction
    below    λ_H λ_W < value, decided in rational arithmetic
    margin   a = log( K √(value / (λ_H λ_W)) − (K − 1) ), the logit of the label above any other class; 0 from value on
    """

    what: str
    product: float
    value: float
    below: bool
    margin: float

    def __str__(self) -> str:
        return f"λ_Hλ_W = {self.product:.6g} {'<' if self.below else '≥'} {self.value:.6g}, margin {self.margin:.6g}"


def threshold(what: str, classes: int, value: Fraction, problem: SumProblem) -> Threshold:
    """Holds λ_H λ_W against ``value``, a threshold for sums of cross-entropies.

    a = log1p( K (√r − 1) ), r = value / (λ_H λ_W): accurate to rounding however near 1 or large r is.
    """
    product = problem.lambda_H * problem.lambda_W
    below = product < value
    margin = math.log1p(classes * _root_excess(value / product)) if below else 0.0
    own = problem.divisor**2
    return Threshold(what, float(product / own), float(value / own), below, margin)


def tasks_regime(thresholds: Sequence[Threshold]) -> str:
    """The regime in words where every task has a threshold of its own."""
    zero = [str(t) for t, row in enumerate(thresholds, 1) if not row.below]
    if not zero:
        return "all tasks below threshold"
    if len(zero) == len(thresholds):
        return "zero"
    if len(zero) == 1:
        return f"task {zero[0]} collapsed to zero, others not"
    return f"tasks {', '.join(zero[:-1])} and {zero[-1]} collapsed to zero, others not"


def _root_excess(ratio: Fraction) -> float:
    """√r − 1 for a rational r ≥ 1, rounded once: the subtraction is between integers."""
    root = math.isqrt(ratio.numerator * _SCALE**2 // ratio.denominator)
    return (root - _SCALE) / _SCALE
