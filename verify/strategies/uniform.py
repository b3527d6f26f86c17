"""The family in which every PAIR of tasks is uniform: what Theorem 3.1 needs of label balance, and no more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

import ufm
from ufm.solution import Problem
from ufm.support import validation
from verify.strategies.missing import left_out, missing_range
from verify.strategies.numbers import MOST_TUPLES, at_most, class_range, ends, settings, tuples, whole

TERMS = 3


def pairwise_uniform(
    classes: Any = range(2, 4), tasks: Any = (3, 4), n: Any = (1, 9), *, missing: Any = 0, **shared: Any
) -> SearchStrategy[Problem]:
    """Σ_i n_i A_i: one to three orthogonal arrays of strength 2, each with the classes of every task relabelled.

    Every pair of tasks has uniform joint counts in each A_i, hence in the sum, while the label tuples' own counts vary
    and most may be absent. K classes allow three tasks, prime K up to K + 1.

    n   samples n_i of each label tuple of one array
    classes, shared keywords: see ``verify.strategies``; ``classes=`` draws one K for all tasks.
    Beyond the paper: docs/theory.md, "Theorems 3.1 and B.2", "Pairs suffice".
    """
    if isinstance(classes, (tuple, list)):
        sizes = validation.class_numbers("classes", classes)
        if len(set(sizes)) != 1:
            raise ValueError(f"classes={tuple(classes)}: pairwise_uniform has equally many classes in every task")
        classes, tasks = sizes[0], len(sizes)
    numbers, (fewest, most) = class_range(classes), ends("tasks", tasks, 2)
    at_most(MOST_TUPLES, "label pairs", float(numbers[-1] ** 2), classes=classes)
    widest = max(3, numbers[-1] + 1)
    possible = [(T, K) for T in range(fewest, min(most, widest) + 1) for K in numbers if most_tasks(K) >= T]
    if not possible:
        raise ValueError(
            f"tasks={tasks!r} is more than {max(map(most_tasks, numbers))}, the most for classes={classes!r}"
        )
    at_most(MOST_TUPLES, "label tuples", max(tuples([K] * T) for T, K in possible), classes=classes, tasks=tasks)
    multiple = whole("n", n, 1)
    absent = missing_range(missing, classes, (fewest, most))
    settings(tasks=fewest, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        T, K = draw(st.sampled_from(possible))
        array = ufm.SingleSource.orthogonal_array(K, T, lambda_H=1.0, lambda_W=1.0, lambda_b=1.0).labels
        counts = np.zeros((K,) * T, dtype=np.int64)
        for _ in range(draw(st.integers(1, TERMS))):
            relabelled = [np.array(draw(st.permutations(range(K))))[array[:, t]] for t in range(T)]
            counts[tuple(relabelled)] += draw(multiple)
        return left_out(draw, absent, ufm.SingleSource(counts, **draw(settings(tasks=T, **shared))))

    return draw_problem()


def most_tasks(classes: int) -> int:
    """Tasks of ``ufm.SingleSource.orthogonal_array``: K + 1 for prime K, else three."""
    prime = all(classes % divisor for divisor in range(2, math.isqrt(classes) + 1))
    return classes + 1 if prime else 3
