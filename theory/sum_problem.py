"""A problem in the theorems' form: sums of losses, rational λ's, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SMALLEST, LARGEST = 1e-303, 1e303  # of a scale, whose products with margins then are floats
Source = Literal["single", "multi", "multilabel", "soft", "regression"]
MISSING = -1  # the class number of a sample without a label
Int = NDArray[np.int64]
Float = NDArray[np.float64]


def square_root(x: Fraction) -> float:
    """√x to rounding, also where x is beyond float64 and √x is not; ∞ or 0 where √x is as well."""
    return _root_of_ratio(x.numerator, x.denominator)


def _root_of_ratio(n: int, d: int) -> float:
    """√(n/d) of integers n ≥ 0, d > 0 that need not be coprime: division of integers rounds once."""
    half = (n.bit_length() - d.bit_length()) // 2
    near_one = n / (d << 2 * half) if half > 0 else (n << -2 * half) / d  # n/d by 4^half
    try:
        return math.ldexp(math.sqrt(near_one), half)
    except OverflowError:
        return math.inf


def rational_root(x: Fraction) -> Fraction:
    """√x to 512 bits, for comparisons and subtractions."""
    shift = max(0, 1024 - x.numerator.bit_length() + x.denominator.bit_length() + 1) // 2
    return Fraction(math.isqrt((x.numerator << 2 * shift) // x.denominator), 1 << shift)


def over(x: Fraction, divisor: int) -> Fraction:
    """x / divisor; x itself by 1, the divisor of sums."""
    return x if divisor == 1 else x / divisor


@dataclass(frozen=True, eq=False)
class SumProblem:
    """Problem (3), one task of (4), or label sets, with λ's that multiply beside the SUM of losses.

    classes       (K_1, …, K_T)
    labels        (columns, T) distinct label tuples, from 0, −1 where a task has no label; label sets: (columns, K) 0/1
                  rows; soft labels and regression: (columns, 1) numbers of the columns
    targets       (R, columns) of soft labels, before smoothing, and of regression; None if labels say them
    counts        (columns,) samples with each
    losses        (T,) names
    task_weights  (T,) c^t
    lambda_b      0 of a free bias, None without bias
    label_smoothing  ε of every task
    divisor       N if the problem takes means, else 1: its objective is this problem's over ``divisor`` and its
                  λ_Hλ_W this problem's over ``divisor``²
    """

    source: Source
    classes: tuple[int, ...]
    labels: Int
    targets: Float | None
    counts: Int
    losses: tuple[str, ...]
    task_weights: tuple[float, ...]
    lambda_H: Fraction
    lambda_W: Fraction
    lambda_b: Fraction | None
    label_smoothing: float
    divisor: int

    @cached_property
    def samples(self) -> int:
        """N."""
        return int(self.counts.sum())

    @cached_property
    def missing(self) -> bool:
        """Whether some sample has no label in some task, hence no loss there."""
        return self.source == "single" and bool((self.labels == MISSING).any())

    @cached_property
    def product(self) -> Fraction:
        """λ_Hλ_W."""
        return self.lambda_H * self.lambda_W

    @cached_property
    def hardness(self) -> Fraction:
        """(1 − ε)², by which smoothed labels have lower thresholds than hard ones."""
        return (1 - Fraction(self.label_smoothing)) ** 2 if self.label_smoothing else Fraction(1)

    @cached_property
    def tau(self) -> float:
        """τ = 2 √(λ_H λ_W), at most 1e200: there λ_Hλ_W is above c^t N / 4 of any floats, and τ multiplies zeros."""
        return min(2.0 * square_root(self.product), 1e200)

    def balance(self, factor: Fraction | int = 1) -> float:
        """√(factor · λ_H / λ_W), what makes heads longer than features; raises ValueError if that leaves float64."""
        of_H, of_W = self.lambda_H, self.lambda_W
        n, d = of_H.numerator * of_W.denominator, of_H.denominator * of_W.numerator
        root = _root_of_ratio(n * factor.numerator, d * factor.denominator)
        if not SMALLEST < root < LARGEST:
            own_H, own_W = (float(x / self.divisor) for x in (of_H, of_W))
            raise ValueError(
                f"lambda_H={own_H:g}, lambda_W={own_W:g} are too far apart, beside these counts and weights: heads and "
                "features leave float64; bring them together"
            )
        return root


@dataclass(frozen=True, eq=False)
class Reading:
    """A problem's source, and its parts that share features: the whole problem, or each task of Problem (4)."""

    source: str
    label_smoothing: float
    parts: tuple[SumProblem, ...]

    @cached_property
    def losses(self) -> tuple[str, ...]:
        """(T,) the loss of each task."""
        return tuple(loss for part in self.parts for loss in part.losses)

    @property
    def missing(self) -> bool:
        """Whether a label is missing."""
        return any(part.missing for part in self.parts)

    @property
    def lambda_b(self) -> float | None:
        """λ_b as in the problem: 0 for a free bias, None without bias."""
        of_sums, divisor = self.parts[0].lambda_b, self.parts[0].divisor
        return None if of_sums is None else float(over(of_sums, divisor))
