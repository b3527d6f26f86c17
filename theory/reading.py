"""What the theorems read of a problem, converted once to sums of losses.

Dividing the losses by N and not the penalties is, up to the factor 1/N, the sum of losses with every λ multiplied by
N: the minimizers are the same. Nothing else in this package knows of reductions. The λ's are rationals from here on, so
a problem exactly at a threshold is recognized as such.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, assert_never, cast, get_args

import numpy as np
from numpy.typing import NDArray

from theory.public_fields import FIELDS, bias_penalty, field, positive, require_known, targets, task_losses

__all__ = ["FIELDS", "MISSING", "Reading", "Source", "SumProblem", "read"]
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
    """√x to 512 bits, for what is decided or subtracted afterwards."""
    shift = max(0, 1024 - x.numerator.bit_length() + x.denominator.bit_length() + 1) // 2
    return Fraction(math.isqrt((x.numerator << 2 * shift) // x.denominator), 1 << shift)


@dataclass(frozen=True, eq=False)
class SumProblem:
    """Problem (3), one task of (4), or label sets, with λ's that multiply beside the SUM of losses.

    classes       (K_1, …, K_T)
    labels        (columns, T) distinct label tuples, from 0, −1 where a task has no label; label sets: (columns, K) 0/1
                  rows; soft labels and regression: (columns, 1) numbers of the columns
    targets       (R, columns) of soft labels, before smoothing, and of regression; None where labels say them
    counts        (columns,) samples with each
    losses        (T,) names
    task_weights  (T,) c^t
    lambda_b      0 of a free bias, None without bias
    label_smoothing  ε of every task
    divisor       N where the problem takes means, else 1: its objective is this problem's over ``divisor`` and its
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

    @property
    def missing(self) -> bool:
        """Whether some sample has no label in some task, and no loss there."""
        return self.source == "single" and bool((self.labels == MISSING).any())

    @cached_property
    def product(self) -> Fraction:
        """λ_Hλ_W."""
        return self.lambda_H * self.lambda_W

    @cached_property
    def hardness(self) -> Fraction:
        """(1 − ε)², by which smoothed labels have lower thresholds than hard ones."""
        return (1 - Fraction(self.label_smoothing)) ** 2

    @cached_property
    def tau(self) -> float:
        """τ = 2 √(λ_H λ_W), at most 1e200: there λ_Hλ_W is above c^t N / 4 of any floats, and τ multiplies zeros."""
        return min(2.0 * square_root(self.product), 1e200)

    def balance(self, factor: Fraction | int = 1) -> float:
        """√(factor · λ_H / λ_W), what makes heads longer than features; ValueError where that leaves float64."""
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
    """A problem's source, and its parts that share features: all of it, but each task alone of Problem (4)."""

    source: str
    label_smoothing: float
    parts: tuple[SumProblem, ...]

    @property
    def losses(self) -> tuple[str, ...]:
        """(T,) the loss of each task."""
        return tuple(loss for part in self.parts for loss in part.losses)

    @property
    def missing(self) -> bool:
        """Whether a label is missing."""
        return any(part.missing for part in self.parts)

    @property
    def lambda_b(self) -> float | None:
        """As the problem gives it: 0 of a free bias, None without bias."""
        of_sums, divisor = self.parts[0].lambda_b, self.parts[0].divisor
        return None if of_sums is None else float(of_sums / divisor)


def read(problem: Any) -> Reading:
    """Reads the public fields of any object that has them.

    Fields: ``source`` ("single", "multi", "multilabel", "soft" or "regression"), ``classes``, ``labels``, ``targets``
    of the last two, ``counts``, ``task_weights``, ``lambda_H``, ``lambda_W``, ``lambda_b`` (0: free, None: no bias),
    ``reduction`` ("sum" or "mean"), ``loss`` (a name, or one per task; cross-entropy where there is no such field),
    ``label_smoothing``. A source that is none of these has no theorem here and is not read further; a loss that no
    theorem is about is read. Raises TypeError naming a missing field, ValueError naming one whose value is impossible,
    or that is public and not known here: it may be of another model.
    """
    source = field(problem, "source")
    if not isinstance(source, str) or source not in get_args(Source):
        return Reading(str(source), 0.0, ())
    require_known(problem)
    fields = {name: field(problem, name) for name in FIELDS}
    classes = tuple(int(k) for k in fields["classes"])
    weights = tuple(positive(f"task_weights[{t}]", c) for t, c in enumerate(fields["task_weights"]))
    if len(weights) != len(classes):
        raise ValueError(f"task_weights has {len(weights)} entries, classes has {len(classes)}")
    losses = task_losses(problem, len(classes))
    fields["lambda_b"] = bias_penalty(fields["lambda_b"])
    for name in ("lambda_H", "lambda_W"):
        fields[name] = Fraction(positive(name, fields[name]))
    if fields["reduction"] not in ("sum", "mean"):
        raise ValueError(f"reduction must be 'sum' or 'mean', got {fields['reduction']!r}")
    smoothing = float(fields["label_smoothing"])
    if not 0 <= smoothing < 1:
        raise ValueError(f"label_smoothing must be ≥ 0 and < 1, got {smoothing!r}")
    kind: Source = cast(Source, source)
    match kind:
        case "single":
            whole = _part(kind, classes, fields["labels"], fields["counts"], weights, losses, fields)
            _check_range(whole, MISSING)
            parts: tuple[SumProblem, ...] = (whole,)
        case "multilabel":
            if len(classes) != 1:
                raise ValueError(f"classes must be (K,), one task, got {classes}")
            whole = _part(kind, classes, fields["labels"], fields["counts"], weights, losses, fields)
            if np.any((whole.labels != 0) & (whole.labels != 1)):
                raise ValueError("labels must be rows of 0 and 1")
            parts = (whole,)
        case "multi":
            for name in ("labels", "counts"):
                if len(fields[name]) != len(classes):
                    raise ValueError(
                        f"{name} has {len(fields[name])} entries, one per task, classes has {len(classes)}"
                    )
            tasks = zip(classes, fields["labels"], fields["counts"], weights, losses, strict=True)
            parts = tuple(_part(kind, (k,), labels, n, (c,), (loss,), fields) for k, labels, n, c, loss in tasks)
            for part in parts:
                _check_range(part, 0)
        case "soft" | "regression":
            if kind == "regression" and smoothing > 0:
                raise ValueError(f"label_smoothing={smoothing:g}: real targets have no classes to smooth over")
            fields["targets"] = targets(problem, len(fields["counts"]), sum(classes))
            parts = (_part(kind, classes, fields["labels"], fields["counts"], weights, losses, fields),)
        case _:
            assert_never(kind)
    return Reading(kind, smoothing, parts)


def _check_range(part: SumProblem, lowest: int) -> None:
    if np.any(part.labels < lowest) or np.any(part.labels >= np.array(part.classes)):
        raise ValueError(f"labels must lie in 0 … K_t − 1 for classes {part.classes}")
    unlabelled = np.flatnonzero((part.labels[part.counts > 0] == MISSING).all(axis=0))
    if len(unlabelled):
        raise ValueError(f"labels has no label of task {unlabelled[0]}; a task needs one")


def _part(
    source: Source,
    classes: tuple[int, ...],
    labels: Any,
    counts: Any,
    weights: tuple[float, ...],
    losses: tuple[str, ...],
    fields: dict[str, Any],
) -> SumProblem:
    label_rows = np.asarray(labels, dtype=np.int64)
    numbers = np.asarray(counts, dtype=np.int64)
    wide, name = {"single": (len(classes), "T"), "multilabel": (classes[0], "K")}.get(source, (1, "1"))
    if label_rows.shape != (len(numbers), wide):
        raise ValueError(f"labels must have shape (columns, {name}) = {(len(numbers), wide)}, got {label_rows.shape}")
    changed = numbers is not counts and (numbers != np.asarray(counts)).any()
    if changed or (numbers < 0).any() or not numbers.any():
        raise ValueError("counts must be whole numbers of samples ≥ 0, not all 0")
    divisor = int(numbers.sum()) if fields["reduction"] == "mean" else 1
    lambda_b = fields["lambda_b"]
    return SumProblem(
        source=source,
        classes=classes,
        labels=label_rows,
        targets=fields.get("targets"),
        counts=numbers,
        losses=losses,
        task_weights=weights,
        lambda_H=fields["lambda_H"] * divisor,
        lambda_W=fields["lambda_W"] * divisor,
        lambda_b=None if lambda_b is None else Fraction(lambda_b) * divisor,
        label_smoothing=float(fields["label_smoothing"]),
        divisor=divisor,
    )
