"""Heads and features of a case, for the view in space."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify.main_job.case import Case
from verify.reading.form import Float
from verify.reading.label_reading import shown
from verify.reading.sources import label_sets, numbered, own_features
from verify.report.space import Space, space

ZERO_LABEL = "no label"


def case_space(case: Case) -> Space | None:
    """Of the solution's columns: a feature per label, or per sample where every sample has its own."""
    solution, named = case.solution, () if case.reading is None else case.reading.tasks
    heads, features = _arrays(solution.W), _arrays(solution.H)
    labels = _arrays(solution.labels)
    classes = [[shown(name) for name in task.classes] for task in named]
    told = [[_label(case, row, t) for row in part] for t, part in enumerate(labels)]
    return space(heads, features, told, [shown(task.name) for task in named], classes)


def _arrays(value: Any) -> list[Float]:
    parts = value if isinstance(value, list | tuple) else [value]
    return [np.asarray(part.detach().cpu() if hasattr(part, "detach") else part) for part in parts]


def _label(case: Case, row: Any, task: int) -> str:
    """The labels of a column, counted from one, or by their names."""
    problem, named = case.problem, () if case.reading is None else case.reading.tasks
    if numbered(problem):
        return f"target {int(row[0]) + 1}"
    if label_sets(problem):
        chosen = np.flatnonzero(row)
        return "{" + ", ".join(shown(named[0].classes[k]) if named else str(k + 1) for k in chosen) + "}"
    tasks = [task] if own_features(problem) else range(len(row))
    names = [
        ZERO_LABEL if k < 0 else shown(named[t].classes[int(k)]) if named else str(int(k) + 1)
        for t, k in zip(tasks, row, strict=True)
    ]
    return "label " + ", ".join(names) if len(names) == 1 else "labels " + ", ".join(names)
