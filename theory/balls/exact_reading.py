"""A problem read exactly: counts and reductions as integers; λ's, weights, targets and ε as rationals.

The target of column l in task t is y_tl = (1 − ε) g_tl + ε s_tl/K_t, s_tl = Σ_k g_tl,k, of what is given there: the
one-hot vector of a class, the indicator of a label set, or a row of the field ``targets``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.balls.library import flint
from theory.public_fields import FIELDS as READ
from theory.public_fields import require_known, targets, task_losses

FIELDS = ("source", *READ)


@dataclass(frozen=True, eq=False)
class ExactPart:
    """Problem (3), a multi-label problem, or one task of Problem (4): all numbers exact.

    classes       (K_1, …, K_T)
    losses        (T,) names
    label_sets    whether ``labels`` are indicators
    labels        (columns, T) label tuples, −1 without a label; or (columns, K) indicators of label sets; or the
                  numbers of columns with other targets
    targets       (columns, R) of soft labels, before smoothing, and of regression, else None
    counts        (columns,) integers
    divisor       N under reduction="mean", else 1
    task_weights  (T,) c^t
    """

    classes: tuple[int, ...]
    losses: tuple[str, ...]
    label_sets: bool
    labels: NDArray[np.int64]
    targets: NDArray[np.float64] | None
    counts: tuple[int, ...]
    divisor: int
    task_weights: tuple[Fraction, ...]
    lambda_H: Fraction
    lambda_W: Fraction
    lambda_b: Fraction | None
    smoothing: Fraction

    @cached_property
    def given(self) -> NDArray[np.float64]:
        """(R, columns) g, 0 in the block of a task without a label: doubles that are exact numbers."""
        if self.targets is not None:
            return self.targets.T
        if self.label_sets:
            return np.asarray(self.labels.T, dtype=np.float64)
        tasks = zip(self.classes, self.labels.T, strict=True)
        return np.concatenate([np.asarray(np.arange(k)[:, None] == own, dtype=np.float64) for k, own in tasks])

    @cached_property
    def labelled(self) -> NDArray[np.bool_]:
        """(T, columns) whether there is a label, and hence a loss."""
        if self.label_sets or self.targets is not None:
            return np.ones((len(self.classes), len(self.counts)), dtype=np.bool_)
        return np.asarray(self.labels.T >= 0)

    def target(self, task: int, column: int) -> tuple[Fraction, ...] | None:
        """(K_t,) y_tl, None without a label."""
        if not self.labelled[task, column]:
            return None
        start, K = sum(self.classes[:task]), self.classes[task]
        given = [Fraction(x) for x in self.given[start : start + K, column].tolist()]
        uniform = self.smoothing * sum(given, Fraction(0)) / K
        return tuple((1 - self.smoothing) * x + uniform for x in given)

    @property
    def samples(self) -> int:
        """N."""
        return sum(self.counts)

    @property
    def alone(self) -> ExactPart:
        """One task of Problem (4) without its weight, which multiplies the whole task."""
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
    """One part, or T of Problem (4), from the public fields; raises TypeError naming one that is missing."""
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
    numbered = problem.source in ("soft", "regression")
    return ExactPart(
        classes=tuple(int(k) for k in classes),
        losses=losses,
        label_sets=problem.source == "multilabel",
        labels=np.asarray(labels, dtype=np.int64).reshape(len(whole), -1),
        targets=targets(problem, len(whole), sum(classes)).T if numbered else None,
        counts=whole,
        divisor=sum(whole) if problem.reduction == "mean" else 1,
        task_weights=tuple(Fraction(float(c)) for c in task_weights),
        lambda_H=Fraction(float(problem.lambda_H)),
        lambda_W=Fraction(float(problem.lambda_W)),
        lambda_b=None if problem.lambda_b is None else Fraction(float(problem.lambda_b)),
        smoothing=Fraction(float(problem.label_smoothing)),
    )


def pairwise_uniform(part: ExactPart) -> bool:
    """Whether every pair of tasks has equal joint counts; for one task, whether its classes have equal counts."""
    classes = part.classes
    for chosen in itertools.combinations(range(len(classes)), min(2, len(classes))):
        table = np.zeros([classes[t] for t in chosen], dtype=np.int64)
        np.add.at(table, tuple(part.labels[:, t] for t in chosen), part.counts)
        if table.min() != table.max():
            return False
    return True
