"""One balanced task of K sigmoids: probabilities, margin and mean logit at the minimum, from one number x.

Logits of a column are u = a (e_k − 1/K) + m 1, targets (1 − ε) e_k + ε/K. With weight c and N samples the nuclear norm
bounds how far the probabilities stay behind the targets,

    p_on − p_off = 1 − e,   e = min(ε + ρ, 1),   ρ = τ √(K/(cN)) = √(4 λ_H λ_W K/(cN)),

and a = 0 from e = 1 on, the threshold of cross-entropy. The mean is free up to how far they sum above one:

    p_on + (K−1) p_off = 1 + x:      p_off = (e + x)/K,   1 − p_on = ((K−1) e − x)/K
    a = log1p( (1 − e) / (p_off (1 − p_on)) ),    m(x) = [ log(p_on/(1−p_on)) + (K−1) log(p_off/(1−p_off)) ] / K.

m increases, m(0) < 0 for K ≥ 3 by Bernoulli's inequality and (1 − (K−1) r) r^{K−2} < (K−1) (1−r)^{K−1}, r = e/K ≤ 1/K;
and m(x) > 0 before p_off passes 1/2 or p_on reaches 1. For K = 2 the two logits are opposite: x = m = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from theory.margins.safeguarded_newton import decreasing_root
from theory.reading import rational_root, square_root


@dataclass(frozen=True)
class SigmoidTask:
    """K, the weight c, ε, ρ, e and 1 − e, the last from rationals."""

    classes: int
    weight: float
    label_smoothing: float
    rho: float
    wrong: float
    fit: float

    @classmethod
    def of(cls, K: int, c: Fraction, epsilon: Fraction, product: Fraction, samples: int) -> SigmoidTask:
        """One-hot and balanced; ``product`` is λ_Hλ_W beside the sum of losses."""
        square = 4 * product * K / (c * samples)
        rho = min(square_root(square), 1e200)  # beyond, no mean is left either
        if square >= (1 - epsilon) ** 2:
            return cls(K, float(c), float(epsilon), rho, 1.0, 0.0)
        wrong = epsilon + rational_root(square)
        return cls(K, float(c), float(epsilon), rho, float(wrong), float(1 - wrong))

    @property
    def largest(self) -> float:
        """x beyond the root of m: there p_off = 1/2, or p_on = 1."""
        K = self.classes
        return min(0.5 * K - self.wrong, (K - 1) * self.wrong)

    def misses(self, x: float) -> tuple[float, float]:
        """p_off and 1 − p_on, both positive."""
        K = self.classes
        return (self.wrong + x) / K, ((K - 1) * self.wrong - x) / K

    def margin(self, x: float) -> float:
        """a."""
        off, missed = self.misses(x)
        product = off * missed
        if product > 1e-300:
            return math.log1p(self.fit / product)
        return math.log(self.fit) - math.log(off) - math.log(missed)

    def mean(self, x: float) -> float:
        """m(x)."""
        if self.classes == 2:
            return 0.0
        off, missed = self.misses(x)
        return (_logit(1.0 - missed, missed) + (self.classes - 1) * _logit(off, 1.0 - off)) / self.classes

    def excess(self, beta: float) -> tuple[float, float]:
        """x with m(x) + β x = 0, and dx/dβ = −x / (m′ + β); 0 ≤ β < ∞."""
        if self.classes == 2:
            return 0.0, 0.0

        def evaluate(x: float) -> tuple[float, float]:
            return -self.mean(x) - beta * x, -self._slope(x) - beta

        start = min(0.5 * self.largest, -self.mean(0.0) / (self._slope(0.0) + beta))
        x = decreasing_root(evaluate, 0.0, self.largest, start)
        return x, -x / (self._slope(x) + beta)

    def loss(self, x: float) -> float:
        """ℓ of one column, from its probabilities: no difference of large numbers."""
        off, missed = self.misses(x)
        K, epsilon = self.classes, self.label_smoothing
        hard = -math.log1p(-missed) - (K - 1) * math.log1p(-off)
        if epsilon == 0:
            return hard
        at_label, elsewhere = _logit(1.0 - missed, missed), _logit(off, 1.0 - off)
        return hard + epsilon * (K - 1) / K * (at_label - elsewhere)

    def _slope(self, x: float) -> float:
        """m′(x)."""
        off, missed = self.misses(x)
        K = self.classes
        return (1.0 / ((1.0 - missed) * missed) + (K - 1) / (off * (1.0 - off))) / K**2


def _logit(p: float, rest: float) -> float:
    return math.log(p) - math.log(rest)
