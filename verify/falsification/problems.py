"""A problem as an expression, as a JSON-ready record, as a key, and which of two is smaller."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import ufm
from ufm.solution import Problem
from ufm.support import validation
from verify.reading.form import require_problem

WRITTEN_OUT = 64  # counts; a larger problem prints as its repr
SETTINGS = ("lambda_H", "lambda_W", "lambda_b", "reduction", "label_smoothing")
KINDS = {"single": ufm.SingleSource, "multi": ufm.MultiSource, "multilabel": ufm.MultiLabel}


def expression(problem: Problem) -> str:
    """The Python that makes the problem, while it has few counts: ``ufm.SingleSource([[2, 1], [1, 2]], …)``."""
    if isinstance(problem, ufm.MultiLabel):
        sets = [f"{S}: {n}" for S, n in zip(problem.label_sets, problem.counts.tolist(), strict=True)]
        counts, size = "{" + ", ".join(sets) + f"}}, classes={problem.classes[0]}", len(sets)
    elif isinstance(problem, ufm.MultiSource):
        size = sum(problem.classes)
        counts = repr([c.tolist() for c in problem.count_tensor()]) if size <= WRITTEN_OUT else ""
    elif not isinstance(problem, ufm.SingleSource):
        return repr(problem)
    else:
        size = math.prod(problem.classes)
        counts = repr(problem.count_tensor().tolist()) if size <= WRITTEN_OUT else ""
    if size > WRITTEN_OUT:
        return repr(problem)
    given = [f"{name}={getattr(problem, name)!r}" for name in SETTINGS[:3]]
    if np.any(problem.task_weights != 1):
        given.append(f"task_weights={problem.task_weights.tolist()!r}")
    if problem.reduction != "sum":
        given.append(f"reduction={problem.reduction!r}")
    if problem.label_smoothing:
        given.append(f"label_smoothing={problem.label_smoothing!r}")
    return f"ufm.{type(problem).__name__}({counts}, {', '.join(given)})"


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
    }


def from_record(fields: dict[str, Any]) -> Problem:
    """The problem of a record; KeyError, ValueError or TypeError names what is wrong with it."""
    for name in sorted(fields.keys() - {"source", "classes", "labels", "counts", "task_weights", *SETTINGS}):
        raise ValueError(f"{name}={fields[name]!r} is a field of a problem that this version does not know")
    settings = {name: fields[name] for name in SETTINGS}
    kind = KINDS[validation.one_of("source", fields["source"], tuple(KINDS))]
    sizes = validation.class_numbers("classes", fields["classes"])
    if kind is ufm.MultiSource:
        parts = zip(sizes, fields["labels"], fields["counts"], strict=True)
        columns = [_columns(labels, counts, (k,)) for k, labels, counts in parts]
        rows, numbers = [y for y, _ in columns], [n for _, n in columns]
        return ufm.MultiSource._from_columns(sizes, rows, numbers, task_weights=fields["task_weights"], **settings)
    if kind is ufm.MultiLabel:
        sets = np.asarray(fields["labels"])
        if sets.ndim != 2 or sets.shape[1] != sizes[0] or len(sizes) != 1:
            raise ValueError(f"labels must be (columns, {sizes[0]}) indicators, got shape {sets.shape}")
        members = [tuple(np.flatnonzero(row).tolist()) for row in validation.whole_array("labels", sets)]
        return ufm.MultiLabel(dict(zip(members, fields["counts"], strict=True)), classes=sizes[0], **settings)
    rows, numbers = _columns(fields["labels"], fields["counts"], sizes)
    return ufm.SingleSource._from_columns(sizes, rows, numbers, task_weights=fields["task_weights"], **settings)


def _columns(labels: Any, counts: Any, sizes: tuple[int, ...]) -> tuple[Any, Any]:
    rows = validation.label_array("labels", labels, tasks=len(sizes))
    validation.check_range("labels", rows, sizes)
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
        *(getattr(problem, name) for name in SETTINGS),
    )


def size(problem: Problem) -> tuple[float, ...]:
    """Smaller is simpler: fewer tasks, classes, labels, samples; then c^t nearer to 1, λ's to 1/16, no smoothing."""
    counts = problem.counts if isinstance(problem, ufm.MultiSource) else (problem.counts,)
    return (
        len(problem.classes),
        sum(problem.classes),
        sum(map(len, counts)),
        problem.samples,
        sum(float(np.sum(n.astype(np.float64) ** 2)) for n in counts),
        float(np.abs(np.log2(problem.task_weights)).sum()),
        problem.label_smoothing,
        float(problem.reduction != "sum"),
        sum(abs(math.log2(getattr(problem, name)) + 4.0) for name in SETTINGS[:3]),
    )
