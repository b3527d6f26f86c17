"""The closed form behind every theorem: a logit margin, and the threshold from which it is zero.

Where symmetry leaves a block of logits one degree of freedom a, z = a (e_k − 1/K), the minimizer has the probability

    r = ( ε + √(λ_H λ_W / θ) ) / K,   a = log( 1/r − (K − 1) )

of each wrong class, ε the label smoothing, and a = 0 once r ≥ 1/K, that is λ_H λ_W ≥ (1 − ε)² θ. Theorem 3.1 has
θ = c^t N / (4 K_t) for task t, Theorem 3.2 n_t / 4 for task t, Theorem 5.1 n^{k1,k2} / 2 with K = 2 for a pair of
labels. The paper has ε = 0, where a = log( K √(θ / (λ_H λ_W)) − (K − 1) ).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from theory.reading import SumProblem, over, rational_root


@dataclass(frozen=True)
class Threshold:
    """λ_H λ_W compared with the threshold from which part of the minimizer is zero.

    what     the part: "task 1", "labels that agree"
    product  λ_H λ_W, with the λ's as the problem gives them
    value    the threshold, for λ's of that reduction
    below    λ_H λ_W < value, decided in rational arithmetic
    margin   the logit of the label above any other class, log( 1/r − (K − 1) ); 0 from value on
    """

    what: str
    product: float
    value: float
    below: bool
    margin: float

    def __str__(self) -> str:
        return f"λ_Hλ_W = {self.product:.6g} {'<' if self.below else '≥'} {self.value:.6g}, margin {self.margin:.6g}"


def threshold(
    what: str, classes: int, hard: Fraction, problem: SumProblem, *, margin: float | None = None
) -> Threshold:
    """Compares λ_H λ_W with (1 − ε)² θ, θ = ``hard`` the threshold of hard labels for sums of cross-entropies.

    a = log1p( K (1 − Kr) / (Kr) ): accurate to rounding however near 1 or 0 Kr is. ``margin`` where a is not that.
    """
    value, product = problem.hardness * hard, problem.product
    below = product < value
    if margin is None:
        margin = formal_margin(classes, hard, problem) if below else 0.0
    own = problem.divisor**2
    return Threshold(what, as_double(over(product, own)), as_double(over(value, own)), below, margin)


def formal_margin(classes: int, hard: Fraction, problem: SumProblem) -> float:
    """log( 1/r − (K − 1) ) without regard to the threshold: negative past it, −∞ where the logarithm has no value."""
    excess = classes * _excess(problem.label_smoothing, hard / problem.product)
    return _log1p(excess) if excess > -1 else -math.inf


def as_double(x: Fraction) -> float:
    """x ≥ 0 rounded, ∞ beyond float64."""
    try:
        return float(x)
    except OverflowError:
        return math.inf


def margin_loss(classes: int, a: float, label_smoothing: float) -> float:
    """log(1 + (K − 1) e^{−a}) + ε (K − 1)/K a, the smoothed cross-entropy of logits a (e_k − 1/K)."""
    return math.log1p((classes - 1) * math.exp(-a)) + label_smoothing * (classes - 1) / classes * a


def tasks_regime(thresholds: Sequence[Threshold]) -> str:
    """The regime in words if every task has its own threshold."""
    zero = [str(t) for t, row in enumerate(thresholds, 1) if not row.below]
    if not zero:
        return "all tasks below threshold"
    if len(zero) == len(thresholds):
        return "zero"
    if len(zero) == 1:
        return f"task {zero[0]} collapsed to zero, others not"
    return f"tasks {', '.join(zero[:-1])} and {zero[-1]} collapsed to zero, others not"


def _excess(epsilon: float, ratio: Fraction) -> Fraction:
    """1/(Kr) − 1 with Kr = ε + 1/√ratio: the subtraction is between rationals."""
    root = rational_root(ratio)
    if epsilon == 0:
        return root - 1
    (e, f), (p, q) = epsilon.as_integer_ratio(), root.as_integer_ratio()
    return Fraction(p * f, e * p + f * q) - 1


def _log1p(x: Fraction) -> float:
    """log(1 + x), x beyond float64 included."""
    if x.numerator.bit_length() - x.denominator.bit_length() < 1000:
        return math.log1p(float(x))
    return math.log(x.numerator) - math.log(x.denominator)
