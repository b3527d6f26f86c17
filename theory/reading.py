"""What the theorems read of a problem, converted once to sums of cross-entropies.

Dividing the cross-entropies by N and not the penalties is, up to the factor 1/N, the sum of cross-entropies with
every λ multiplied by N: the minimizers are the same. Nothing else in this package knows of reductions. The λ's are
rationals from here on, so a problem exactly at a threshold is recognized as such.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from reprlib import repr as short
from types import ClassMethodDescriptorType, FunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any, Literal, assert_never, cast, get_args

import numpy as np
from numpy.typing import NDArray

FIELDS = (
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
SMALLEST, LARGEST = 1e-303, 1e303  # of a scale, whose products with margins then are floats
Source = Literal["single", "multi", "multilabel"]
DERIVED = ("samples", "multiplicities", "label_sets")  # that follow from the fields
KNOWN = ("source", *FIELDS, *DERIVED)
PERMITTED = frozenset((*KNOWN, "loss"))  # a loss is looked at by its value
LOSS = "cross-entropy"
METHODS = (
    FunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
    ClassMethodDescriptorType,
    classmethod,
    staticmethod,
)


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
    """Problem (3), one task of (4), or pick-all-label, with λ's that multiply beside the SUM of cross-entropies.

    classes       (K_1, …, K_T)
    labels        (columns, T) distinct label tuples, from 0; pick-all-label: (columns, K) 0/1 rows of label sets
    counts        (columns,) samples with each
    task_weights  (T,) c^t
    label_smoothing  ε of every task
    divisor       N where the problem takes means, else 1: its objective is this problem's over ``divisor`` and its
                  λ_Hλ_W this problem's over ``divisor``²
    """

    classes: tuple[int, ...]
    labels: NDArray[np.int64]
    counts: NDArray[np.int64]
    task_weights: tuple[float, ...]
    lambda_H: Fraction
    lambda_W: Fraction
    label_smoothing: float
    divisor: int

    @cached_property
    def samples(self) -> int:
        """N."""
        return int(self.counts.sum())

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


def read(problem: Any) -> Reading:
    """Reads the public fields of any object that has them.

    Fields: ``source`` ("single", "multi" or "multilabel"), ``classes``, ``labels``, ``counts``, ``task_weights``,
    ``lambda_H``, ``lambda_W``, ``lambda_b``, ``reduction`` ("sum" or "mean"), ``label_smoothing``. A source that is
    none of these has no theorem here and is not read further. Raises TypeError naming a missing field, ValueError
    naming one whose value is impossible, or that is public and not known here: it may be of another model.
    """
    source = _field(problem, "source")
    if not isinstance(source, str) or source not in get_args(Source):
        return Reading(str(source), 0.0, ())
    require_known(problem)
    fields = {name: _field(problem, name) for name in FIELDS}
    classes = tuple(int(k) for k in fields["classes"])
    weights = tuple(_positive(f"task_weights[{t}]", c) for t, c in enumerate(fields["task_weights"]))
    if len(weights) != len(classes):
        raise ValueError(f"task_weights has {len(weights)} entries, classes has {len(classes)}")
    _positive("lambda_b", fields["lambda_b"])
    for name in ("lambda_H", "lambda_W"):
        fields[name] = Fraction(_positive(name, fields[name]))
    if fields["reduction"] not in ("sum", "mean"):
        raise ValueError(f"reduction must be 'sum' or 'mean', got {fields['reduction']!r}")
    smoothing = float(fields["label_smoothing"])
    if not 0 <= smoothing < 1:
        raise ValueError(f"label_smoothing must be ≥ 0 and < 1, got {smoothing!r}")
    kind: Source = cast(Source, source)
    match kind:
        case "single":
            parts: tuple[SumProblem, ...] = (_part(classes, fields["labels"], fields["counts"], weights, fields),)
        case "multilabel":
            if len(classes) != 1:
                raise ValueError(f"classes must be (K,), one task, got {classes}")
            parts = (_part(classes, fields["labels"], fields["counts"], weights, fields, label_sets=True),)
        case "multi":
            for name in ("labels", "counts"):
                if len(fields[name]) != len(classes):
                    raise ValueError(
                        f"{name} has {len(fields[name])} entries, one per task, classes has {len(classes)}"
                    )
            tasks = zip(classes, fields["labels"], fields["counts"], weights, strict=True)
            parts = tuple(_part((k,), labels, counts, (c,), fields) for k, labels, counts, c in tasks)
        case _:
            assert_never(kind)
    return Reading(kind, smoothing, parts)


def require_known(problem: Any) -> None:
    """ValueError naming a public field that is read nowhere in this package, or a ``loss`` but cross-entropy.

    Public are attributes of the object and of its classes that are no methods and do not begin with an underscore.
    """
    loss = getattr(problem, "loss", LOSS)
    if not (isinstance(loss, str) and loss == LOSS):
        raise ValueError(f"{type(problem).__name__} has loss={loss!r}, which no theorem here is about; only {LOSS!r}")
    unknown = [name for name in getattr(problem, "__dict__", ()) if name not in PERMITTED and name[:1] != "_"]
    for kind in type(problem).__mro__[:-1]:
        for name, value in vars(kind).items():
            if name[:1] != "_" and name not in PERMITTED and not isinstance(value, METHODS):
                unknown.append(name)
    if unknown:
        name = min(unknown)
        raise ValueError(
            f"{type(problem).__name__} has {name}={short(getattr(problem, name, None))}, a field that theory does not "
            f"know and that may change the model; it knows {', '.join(KNOWN)}"
        )


def _part(
    classes: tuple[int, ...],
    labels: Any,
    counts: Any,
    weights: tuple[float, ...],
    fields: dict[str, Any],
    *,
    label_sets: bool = False,
) -> SumProblem:
    label_rows = np.asarray(labels, dtype=np.int64)
    numbers = np.asarray(counts, dtype=np.int64)
    wide, name = (classes[0], "K") if label_sets else (len(classes), "T")
    if label_rows.shape != (len(numbers), wide):
        raise ValueError(f"labels must have shape (columns, {name}) = {(len(numbers), wide)}, got {label_rows.shape}")
    if (label_rows < 0).any() or (label_rows >= (2 if label_sets else np.array(classes))).any():
        raise ValueError(
            "labels must be rows of 0 and 1" if label_sets else f"labels must lie in 0 … K_t − 1 for classes {classes}"
        )
    changed = numbers is not counts and (numbers != np.asarray(counts)).any()
    if changed or (numbers < 0).any() or not numbers.any():
        raise ValueError("counts must be whole numbers of samples ≥ 0, not all 0")
    divisor = int(numbers.sum()) if fields["reduction"] == "mean" else 1
    return SumProblem(
        classes=classes,
        labels=label_rows,
        counts=numbers,
        task_weights=weights,
        lambda_H=fields["lambda_H"] * divisor,
        lambda_W=fields["lambda_W"] * divisor,
        label_smoothing=float(fields["label_smoothing"]),
        divisor=divisor,
    )


def _field(problem: Any, name: str) -> Any:
    if not hasattr(problem, name):
        raise TypeError(
            f"{type(problem).__name__} has no field {name!r}; a problem has source, {', '.join(FIELDS)}"
        ) from None
    return getattr(problem, name)


def _positive(name: str, value: Any) -> float:
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
    return number
