"""The problem as the theorems read it, converted once to sums of losses.

Dividing the losses by N and not the penalties is, up to the factor 1/N, the sum of losses with every λ multiplied by
N: the minimizers are the same. Nothing else in this package knows of reductions. The λ's are rationals from here on, so
a problem exactly at a threshold is recognized as such.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, assert_never, cast, get_args

import numpy as np

from theory.public_fields import FIELDS, bias_penalty, field, positive, require_known, targets, task_losses
from theory.sum_problem import MISSING, Reading, Source, SumProblem, over, rational_root, square_root

__all__ = ["FIELDS", "MISSING", "Reading", "Source", "SumProblem", "over", "rational_root", "read", "square_root"]


def read(problem: Any) -> Reading:
    """Reads the public fields of any object that has them.

    Fields: ``source`` ("single", "multi", "multilabel", "soft" or "regression"), ``classes``, ``labels``, ``targets``
    of the last two, ``counts``, ``task_weights``, ``lambda_H``, ``lambda_W``, ``lambda_b`` (0: free, None: no bias),
    ``reduction`` ("sum" or "mean"), ``loss`` (a name, or one per task; cross-entropy where there is no such field),
    ``label_smoothing``. Another source has no theorem here and is not read further; a loss without
    a theorem is read. Raises TypeError naming a missing field, ValueError naming one whose value is impossible,
    or a public one that is unknown here and may mean another model. A ``Reading`` is returned unchanged.
    """
    if isinstance(problem, Reading):
        return problem
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
    if (part.labels < lowest).any() or (part.labels >= np.array(part.classes)).any():
        raise ValueError(f"labels must lie in 0 … K_t − 1 for classes {part.classes}")
    if part.missing:
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
    lambda_H, lambda_W, lambda_b = (fields[name] for name in ("lambda_H", "lambda_W", "lambda_b"))
    if lambda_b is not None:
        lambda_b = Fraction(lambda_b)
    if divisor != 1:
        lambda_H, lambda_W = lambda_H * divisor, lambda_W * divisor
        lambda_b = None if lambda_b is None else lambda_b * divisor
    return SumProblem(
        source=source,
        classes=classes,
        labels=label_rows,
        targets=fields.get("targets"),
        counts=numbers,
        losses=losses,
        task_weights=weights,
        lambda_H=lambda_H,
        lambda_W=lambda_W,
        lambda_b=lambda_b,
        label_smoothing=float(fields["label_smoothing"]),
        divisor=divisor,
    )
