"""A problem read exactly: counts and reductions as integers, λ's, weights and ε as the rationals that doubles are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.balls.library import flint
from theory.public_fields import require_known, task_losses

FIELDS = (
    "source",
    "classes",
    "labels",
    "counts",
    "task_weights",
    "lambda_H",
    "lambda_W",
    "lambda_b",
    "reduction",
    "label_smoothing",
)


@dataclass(frozen=True, eq=False)
class ExactPart:
    """Problem (3), a multi-label problem, or one task of Problem (4): all numbers exact.

    classes       (K_1, …, K_T)
    losses        (T,) names
    labels        (columns, T) label tuples, −1 without a label, or (columns, K) indicators of label sets
    targets       (columns, R) of soft labels, before smoothing, and of regression, else None
    counts        (columns,) integers
    divisor       N under reduction="mean", else 1
    task_weights  (T,) c^t
    """

    classes: tuple[int, ...]
    losses: tuple[str, ...]
    labels: NDArray[np.int64]
    targets: NDArray[np.float64] | None
    counts: tuple[int, ...]
    divisor: int
    task_weights: tuple[Fraction, ...]
    lambda_H: Fraction
    lambda_W: Fraction
    lambda_b: Fraction | None
    smoothing: Fraction

    @property
    def samples(self) -> int:
        """N."""
        return sum(self.counts)

    @property
    def alone(self) -> ExactPart:
        """A task of Problem (4) without its weight, which multiplies all of it."""
        return replace(self, task_weights=(Fraction(1),))

    @property
    def product(self) -> Fraction:
        """λ_H λ_W, for λ's beside the SUM of losses."""
        return self.lambda_H * self.lambda_W * self.divisor**2

    @property
    def tau(self) -> Any:
        """τ = 2 √(λ_H λ_W), for those."""
        return 2 * ball(self.product).sqrt()


def ball(value: Fraction) -> Any:
    """The smallest ball around a rational."""
    return flint().arb(flint().fmpq(value.numerator, value.denominator))


def exact_parts(problem: Any) -> tuple[ExactPart, ...]:
    """One part, or T of Problem (4), from the public fields; TypeError naming one that is missing."""
    missing = [name for name in FIELDS if not hasattr(problem, name)]
    if missing:
        raise TypeError(f"{type(problem).__name__} has no field {missing[0]!r}; a problem has {', '.join(FIELDS)}")
    require_known(problem)
    losses = task_losses(problem, len(problem.classes))
    if problem.source != "multi":
        return (_part(problem, problem.classes, losses, problem.labels, problem.counts, problem.task_weights),)
    tasks = zip(problem.classes, losses, problem.labels, problem.counts, problem.task_weights, strict=True)
    return tuple(_part(problem, (k,), (loss,), labels, counts, (c,)) for k, loss, labels, counts, c in tasks)


def _part(
    problem: Any, classes: Any, losses: tuple[str, ...], labels: Any, counts: Any, task_weights: Any
) -> ExactPart:
    whole = tuple(int(n) for n in counts)
    return ExactPart(
        classes=tuple(int(k) for k in classes),
        losses=losses,
        labels=np.asarray(labels, dtype=np.int64).reshape(len(whole), -1),
        targets=getattr(problem, "targets", None),
        counts=whole,
        divisor=sum(whole) if problem.reduction == "mean" else 1,
        task_weights=tuple(Fraction(float(c)) for c in task_weights),
        lambda_H=Fraction(float(problem.lambda_H)),
        lambda_W=Fraction(float(problem.lambda_W)),
        lambda_b=None if problem.lambda_b is None else Fraction(float(problem.lambda_b)),
        smoothing=Fraction(float(problem.label_smoothing)),
    )
