"""A problem as an expression, a JSON-ready record and a key, and its size for comparison with others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import ufm
from ufm.losses import DEFAULT
from ufm.losses import LOSSES as KNOWN
from ufm.solution import Problem
from ufm.support import validation
from ufm.support.public_fields import task_losses
from verify.reading.form import MISSING, require_problem

LOSSES = tuple(KNOWN)
TARGETED = (ufm.SoftLabels, ufm.Regression)

WRITTEN_OUT = 64  # counts or targets; a larger problem prints as its repr
LAMBDAS = ("lambda_H", "lambda_W", "lambda_b")
SETTINGS = (*LAMBDAS, "reduction", "loss", "label_smoothing")
KINDS = {
    "single": ufm.SingleSource,
    "multi": ufm.MultiSource,
    "multilabel": ufm.MultiLabel,
    "soft": ufm.SoftLabels,
    "regression": ufm.Regression,
}


def expression(problem: Problem) -> str:
    """The Python expression that makes a small problem: ``ufm.SingleSource([[2, 1], [1, 2]], …)``."""
    losses = task_losses(problem, LOSSES, "verify.falsify")
    made, size = _made(problem)
    if size > WRITTEN_OUT:
        return repr(problem)
    given = [f"{name}={getattr(problem, name)!r}" for name in LAMBDAS]
    if np.any(problem.task_weights != 1):
        given.append(f"task_weights={problem.task_weights.tolist()!r}")
    if problem.reduction != "sum":
        given.append(f"reduction={problem.reduction!r}")
    if set(losses) != {DEFAULT} and not isinstance(problem, ufm.Regression):
        given.append(f"loss={problem.loss!r}")
    if problem.label_smoothing:
        given.append(f"label_smoothing={problem.label_smoothing!r}")
    return f"ufm.{made}, {', '.join(given)})"


def _made(problem: Problem) -> tuple[str, int]:
    """The constructor and what it counts, and how many numbers that are."""
    match problem:
        case ufm.MultiLabel():
            sets = [f"{S}: {n}" for S, n in zip(problem.label_sets, problem.counts.tolist(), strict=True)]
            return f"MultiLabel({{{', '.join(sets)}}}, classes={problem.classes[0]}", len(sets)
        case ufm.MultiSource():
            return _written("MultiSource", sum(problem.classes), lambda: [n.tolist() for n in problem.count_tensor()])
        case ufm.SingleSource() if problem.labels.min() == MISSING:
            rows = lambda: np.repeat(problem.labels, problem.counts, axis=0).tolist()
            made, size = _written("SingleSource.from_labels", problem.samples * len(problem.classes), rows)
            return f"{made}, {problem.classes}, missing={MISSING}", size
        case ufm.SingleSource():
            return _written("SingleSource", math.prod(problem.classes), lambda: problem.count_tensor().tolist())
        case ufm.SoftLabels() | ufm.Regression():
            name = "Regression" if isinstance(problem, ufm.Regression) else "SingleSource.from_probabilities"
            ends = np.cumsum(problem.classes)[:-1]
            blocks = lambda: [block.tolist() for block in np.split(problem.targets, ends, axis=1)]
            made, size = _written(name, problem.targets.size, blocks)
            return f"{made}, counts={problem.counts.tolist()!r}", size


def _written(name: str, size: int, arrays: Callable[[], Any]) -> tuple[str, int]:
    return f"{name}({arrays()!r}" if size <= WRITTEN_OUT else "", size


def record(problem: Problem) -> dict[str, Any]:
    """JSON-ready: every public field."""
    require_problem(problem)
    lists = isinstance(problem, ufm.MultiSource)
    return {
        "source": problem.source,
        "classes": list(problem.classes),
        "labels": [y.tolist() for y in problem.labels] if lists else problem.labels.tolist(),  # type: ignore[union-attr]
        "counts": [n.tolist() for n in problem.counts] if lists else problem.counts.tolist(),  # type: ignore[union-attr]
        "task_weights": problem.task_weights.tolist(),
        **{name: getattr(problem, name) for name in SETTINGS},
        **({"targets": problem.targets.tolist()} if isinstance(problem, TARGETED) else {}),
    }


def from_record(fields: dict[str, Any]) -> Problem:
    """The problem of a record; a record without a loss, as earlier versions wrote them, means cross-entropy.

    Raises KeyError, ValueError or TypeError naming what is wrong.
    """
    kind = KINDS[validation.one_of("source", fields["source"], tuple(KINDS))]
    known = {"source", "classes", "labels", "counts", "task_weights", *SETTINGS}
    for name in sorted(fields.keys() - known - ({"targets"} if issubclass(kind, TARGETED) else set())):
        raise ValueError(f"{name}={fields[name]!r} is a field of a problem that this version does not know")
    settings = {name: fields[name] for name in SETTINGS if name != "loss" or "loss" in fields}
    weights = fields["task_weights"]
    if issubclass(kind, TARGETED):
        return _from_targets(kind, fields, settings | {"task_weights": weights})
    sizes = validation.class_numbers("classes", fields["classes"])
    if kind is ufm.MultiSource:
        parts = zip(sizes, fields["labels"], fields["counts"], strict=True)
        columns = [_columns(labels, counts, (k,)) for k, labels, counts in parts]
        rows, numbers = [y for y, _ in columns], [n for _, n in columns]
        return ufm.MultiSource._from_columns(sizes, rows, numbers, task_weights=weights, **settings)
    if kind is ufm.MultiLabel:
        sets = np.asarray(fields["labels"])
        if sets.ndim != 2 or sets.shape[1] != sizes[0] or len(sizes) != 1:
            raise ValueError(f"labels must be (columns, {sizes[0]}) indicators, got shape {sets.shape}")
        members = [tuple(np.flatnonzero(row).tolist()) for row in validation.whole_array("labels", sets)]
        return ufm.MultiLabel(dict(zip(members, fields["counts"], strict=True)), classes=sizes[0], **settings)
    rows, numbers = _columns(fields["labels"], fields["counts"], sizes, MISSING)
    return ufm.SingleSource._from_columns(sizes, rows, numbers, task_weights=weights, **settings)


def _from_targets(kind: Any, fields: dict[str, Any], settings: dict[str, Any]) -> Problem:
    """Soft labels or regression, from (columns, R) targets, tasks side by side."""
    targets, numbers = np.array(fields["targets"], dtype=np.float64), fields["counts"]
    sizes = [validation.whole_number("classes", k, 1) for k in fields["classes"]]
    if targets.ndim != 2 or targets.shape[1] != sum(sizes) or not sizes:
        raise ValueError(f"targets must have shape (columns, {sum(sizes)}), got {targets.shape}")
    counts = validation.count_array("counts", numbers)
    if counts.shape != (len(targets),):
        raise ValueError(f"counts must have shape ({len(targets)},), one per target, got {counts.shape}")
    problem: Problem = kind._from_columns(tuple(sizes), targets, counts, **settings)
    if not np.array_equal(problem.labels, fields["labels"]):
        raise ValueError(f"labels must be the numbers of the {len(problem.counts)} distinct targets")
    return problem


def _columns(labels: Any, counts: Any, sizes: tuple[int, ...], least: int = 0) -> tuple[Any, Any]:
    rows = validation.label_array("labels", labels, tasks=len(sizes))
    validation.check_range("labels", rows, sizes, least)
    numbers = validation.count_array("counts", counts)
    if numbers.shape != (len(rows),):
        raise ValueError(f"counts must have shape ({len(rows)},), one per label, got {numbers.shape}")
    return rows, numbers


def key(problem: Problem) -> tuple[Any, ...]:
    """Equal for equal problems."""
    lists = problem.labels if isinstance(problem, ufm.MultiSource) else (problem.labels,)
    numbers = problem.counts if isinstance(problem, ufm.MultiSource) else (problem.counts,)
    return (
        problem.source,
        problem.classes,
        *(y.tobytes() for y in lists),
        *(n.tobytes() for n in numbers),
        problem.task_weights.tobytes(),
        problem.targets.tobytes() if isinstance(problem, TARGETED) else b"",
        *(getattr(problem, name) for name in SETTINGS),
    )


def size(problem: Problem) -> tuple[float, ...]:
    """A sort key; smaller is simpler.

    First fewer tasks, classes, labels and samples; then no missing labels, one loss, cross-entropy, c^t nearer to 1, a
    penalized bias, λ's nearer to 1/16, no smoothing.

    """
    counts = problem.counts if isinstance(problem, ufm.MultiSource) else (problem.counts,)
    penalties = [getattr(problem, name) for name in LAMBDAS]
    return (
        len(problem.classes),
        sum(problem.classes),
        sum(map(len, counts)),
        problem.samples,
        sum(float(np.sum(n.astype(np.float64) ** 2)) for n in counts),
        float((problem.labels == MISSING).sum()) if isinstance(problem, ufm.SingleSource) else 0.0,
        len(set(problem.losses)),
        sum(LOSSES.index(loss) for loss in problem.losses),
        float(np.abs(np.log2(problem.task_weights)).sum()),
        problem.label_smoothing,
        float(problem.reduction != "sum"),
        float(not problem.lambda_b),
        sum(abs(math.log2(penalty) + 4.0) for penalty in penalties if penalty),
    )
