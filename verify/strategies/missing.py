"""Labels left out of drawn problems."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import ufm
from verify.strategies.numbers import MOST_DRAWN, ends, largest

MISSING = -1  # in ``labels``


def missing_range(missing: Any, classes: Any, tasks: Any, source: str = "single") -> tuple[int, int]:
    """(low, high) of the number of labels left out; raises ValueError if no problem of the family can miss one."""
    low, high = ends("missing", missing, 0)
    if high > MOST_DRAWN:
        raise ValueError(f"missing={missing!r}: a search leaves out at most {MOST_DRAWN:,} labels, one by one")
    if high and source != "single":
        raise ValueError(f"missing={missing!r}: a sample of source={source!r} has one label, which it cannot miss")
    if high and len(largest(classes, tasks)) == 1:
        raise ValueError(f"missing={missing!r}: a sample of one task cannot miss its label; draw two tasks or more")
    return low, high


def left_out(draw: DrawFn, missing: tuple[int, int], problem: ufm.SingleSource) -> ufm.SingleSource:
    """The problem without the labels of some label tuples in some tasks, of all their samples.

    As many pairs of a tuple and a task are drawn as ``missing`` says. A pair is skipped if the tuple would
    lose its last label or a class its last sample, so that a minimum is attained for every loss and bias.
    """
    if missing == (0, 0) or len(problem.classes) == 1:
        return problem
    labels = problem.labels.copy()
    columns, tasks = labels.shape
    pair = st.tuples(st.integers(0, columns - 1), st.integers(0, tasks - 1))
    for l, t in draw(st.lists(pair, min_size=missing[0], max_size=missing[1])):  # noqa: E741 - the paper's index
        others = np.arange(columns) != l
        if (labels[l] != MISSING).sum() > 1 and (labels[others, t] == labels[l, t]).any():
            labels[l, t] = MISSING
    names = ("lambda_H", "lambda_W", "lambda_b", "task_weights", "reduction", "loss", "label_smoothing")
    settings: dict[str, Any] = {name: getattr(problem, name) for name in names}
    return ufm.SingleSource._from_columns(problem.classes, labels, problem.counts, **settings)
