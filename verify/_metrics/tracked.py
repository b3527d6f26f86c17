"""Metrics along a run of the gradient method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ufm.support import validation
from ufm.support.nearest_name import require_name
from verify._metrics.measured import NAMES
from verify._metrics.tables import measured, table, without_meaning
from verify.reading.form import Int, Problem, forms
from verify.reading.label_index import label_index
from verify.reading.point import Point
from verify.reading.samples import Samples
from verify.reading.sources import label_sets

DECISIONS = ("SNC5", "MNC4", "NN_decoding_error")  # hold each of N features against each of m means


def tracked(problem: Problem, *names: str) -> Callable[[Any], dict[str, float]]:
    """A function for ``ufm.solve(problem, "gradient", metrics=…)`` that adds ``verify.metrics`` to the history.

    names  which metrics, such as "SNC1", "SNC3"; by default all but SNC5, MNC4 and NN_decoding_error, which are slow

    For a MultiSource problem each task's history has its own; with a weighting, SNC4 uses its weights. Features are
    copied to the CPU in float64. Raises ValueError for a name that is not in the problem's table.
    """
    parts = forms(problem)
    measures, absent = table(problem.source), without_meaning(problem.source)
    for name in names:
        if name in absent:
            raise ValueError(f"metric {name!r} is undefined here: {absent[name]}")
    chosen = [require_name("metric", name, measures) for name in names] or [
        name for name in NAMES if name in measures and name not in DECISIONS
    ]
    columns: dict[
        int, tuple[Any, Int]
    ] = {}  # by task: the labels last seen, one array all along a run, and their columns

    def at_step(at: Any) -> dict[str, float]:
        form = parts[at.task]
        if at.task not in columns or columns[at.task][0] is not at.labels:
            sizes = {"default": False, "indicators": label_sets(problem)}
            index = label_index("labels", at.labels, form.labels, form.label_sizes, "H", at.H.shape[1], **sizes)
            columns[at.task] = (at.labels, index)
        index = columns[at.task][1]
        W, H, b = (
            validation.to_numpy(x).astype(np.float64, copy=False) for x in (_stacked(at.W), at.H, _stacked(at.b))
        )
        point = Point(W, b, H, index, np.bincount(index, minlength=len(form.labels)))
        samples = (Samples(replace(form, task_weights=at.task_weights), point),)
        return {name: measured(measures[name], samples)[0] for name in chosen}

    return at_step


def _stacked(parts: Any) -> Any:
    return np.concatenate([validation.to_numpy(part) for part in parts])
