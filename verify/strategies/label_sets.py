"""The family of pick-all-label problems: a sample carries a set of labels."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

import ufm
from ufm.solution import Problem
from verify.strategies.numbers import MOST_DRAWN, MOST_TUPLES, at_most, ends, largest, settings, shapes, tuples, whole


def multi_label(
    classes: Any = range(2, 5), tasks: Any = 1, n: Any = (0, 5), *, balanced: bool = True, **shared: Any
) -> SearchStrategy[Problem]:
    """Pick-all-label problems over the label sets of every size 1 … K − 1.

    n          samples of a label set; where all would be zero, one sample of each single label
    balanced   one number n_m for all sets of size m (the hypothesis of Li et al.'s Theorem 1); False: one per set
    classes, shared keywords: see ``verify.strategies``; there is one task, of weight 1.
    """
    if ends("tasks", tasks, 1) != (1, 1):
        raise ValueError(f"tasks={tasks!r}: multi_label has one task")
    if "task_weights" in shared:
        raise TypeError("task_weights is not an option of multi_label, whose one task has weight 1")
    if shared.get("mixed", False) is not False:
        raise TypeError("mixed is not an option of multi_label, which has one task")
    shape, samples = shapes(classes, 1), whole("n", n, 0)
    (most,) = largest(classes, 1)
    at_most(MOST_TUPLES if balanced else MOST_DRAWN, "label sets", tuples([2] * min(most, 999)), classes=classes)
    settings(tasks=1, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        (K,) = draw(shape)
        sizes = range(1, K)
        if balanced:
            of_size = {m: draw(samples) for m in sizes}
            counts = {S: of_size[m] for m in sizes for S in itertools.combinations(range(K), m)}
        else:
            counts = {S: draw(samples) for m in sizes for S in itertools.combinations(range(K), m)}
        if not any(counts.values()):
            counts |= {(k,): 1 for k in range(K)}
        shared_settings = draw(settings(tasks=1, **shared))
        del shared_settings["task_weights"]
        return ufm.MultiLabel(counts, classes=K, **shared_settings)

    return draw_problem()
