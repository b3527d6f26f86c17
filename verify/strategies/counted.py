"""Families of counts over label tuples: balanced, long-tailed, arbitrary."""

from __future__ import annotations

import math
from typing import Any, Literal, assert_never, get_args

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

import ufm
from ufm.solution import Problem
from ufm.support import validation
from verify.long_tail import class_profile, tail, tuple_profile
from verify.strategies.losses import ALL_LOSSES
from verify.strategies.missing import left_out, missing_range
from verify.strategies.numbers import (
    MOST_DRAWN,
    MOST_TUPLES,
    at_most,
    largest,
    pair,
    powers_of_two,
    settings,
    shapes,
    tuples,
    whole,
)

CLASSES = range(2, 5)
RATIOS = (2.0**-7, 1.0)
Counted = Literal["single", "multi"]  # what samples per label tuple, or per class of a task, make


def balanced(
    classes: Any = CLASSES,
    tasks: Any = (1, 3),
    n: Any = (1, 20),
    *,
    source: Counted = "single",
    missing: Any = 0,
    **shared: Any,
) -> SearchStrategy[Problem]:
    """Label-balanced problems: n samples of every label tuple; source="multi": of every class of every task.

    classes, shared keywords: see ``verify.strategies``. Source: Theorems 3.1, B.2 and 3.2.
    """
    shape, samples = shapes(classes, tasks), whole("n", n, 1)
    validation.one_of("source", source, get_args(Counted))
    _check_size(classes, tasks, source)
    absent = missing_range(missing, classes, tasks, source)
    settings(tasks=1, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        sizes = draw(shape)
        match source:
            case "single":
                n, given = draw(samples), draw(settings(tasks=len(sizes), **shared))
                return left_out(draw, absent, ufm.SingleSource.balanced(sizes, n, **given))
            case "multi":
                per_task = [draw(samples) for _ in sizes]
                return ufm.MultiSource.balanced(sizes, per_task, **draw(settings(tasks=len(sizes), **shared)))
            case _:
                assert_never(source)

    return draw_problem()


def long_tailed(
    classes: Any = CLASSES,
    tasks: Any = (1, 2),
    n: Any = (1, 100),
    *,
    ratio: Any = RATIOS,
    source: Counted = "single",
    missing: Any = 0,
    **shared: Any,
) -> SearchStrategy[Problem]:
    """Counts that fall geometrically: max(1, round(n Π_t r_t^{k_t/(K_t − 1)})), the first class the largest.

    n      samples of the largest label tuple (source="multi": class of each task)
    ratio  r_t, a number or a range (low, high) of powers of two up to 1: the last class over the first
    classes, shared keywords: see ``verify.strategies``. Source: Table 4, Appendix D.8.
    """
    shape, first = shapes(classes, tasks), whole("n", n, 1)
    ratios = powers_of_two("ratio", ratio, 1.0)
    if max(pair("ratio", ratio)) > 1:
        raise ValueError(f"ratio must be at most 1, the last class over the first, got {ratio!r}")
    validation.one_of("source", source, get_args(Counted))
    _check_size(classes, tasks, source)
    absent = missing_range(missing, classes, tasks, source)
    settings(tasks=1, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        sizes = draw(shape)
        profiles = [class_profile(k, draw(ratios)) for k in sizes]
        match source:
            case "single":
                counted = tail(draw(first), tuple_profile(profiles))
                given = draw(settings(tasks=len(sizes), **shared))
                return left_out(draw, absent, ufm.SingleSource(counted, **given))
            case "multi":
                counts = [tail(draw(first), profile) for profile in profiles]
                return ufm.MultiSource(counts, **draw(settings(tasks=len(sizes), **shared)))
            case _:
                assert_never(source)

    return draw_problem()


def _check_size(classes: Any, tasks: Any, source: str) -> None:
    sizes = largest(classes, tasks)
    number, what = (
        (tuples(sizes), "label tuples") if source == "single" else (float(sum(sizes)), "classes in all tasks")
    )
    at_most(MOST_TUPLES, what, number, classes=classes, tasks=tasks)


def arbitrary(
    classes: Any = range(2, 4), tasks: Any = (1, 2), n: Any = (0, 9), *, missing: Any = 0, **shared: Any
) -> SearchStrategy[Problem]:
    """Any number of samples of each label tuple, zeros included; where all would be zero, the first has one.

    classes, shared keywords: see ``verify.strategies``.
    """
    shape, samples = shapes(classes, tasks), whole("n", n, 0)
    at_most(MOST_DRAWN, "label tuples", tuples(largest(classes, tasks)), classes=classes, tasks=tasks)
    absent = missing_range(missing, classes, tasks)
    settings(tasks=1, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        sizes = draw(shape)
        number = math.prod(sizes)
        counts = draw(st.lists(samples, min_size=number, max_size=number))
        if not any(counts):
            counts[0] = 1
        given = draw(settings(tasks=len(sizes), **shared))
        return left_out(draw, absent, ufm.SingleSource(np.reshape(counts, sizes), **given))

    return draw_problem()


def mixed_losses(
    classes: Any = range(2, 4),
    tasks: Any = (2, 3),
    n: Any = (1, 9),
    *,
    loss: Any = ALL_LOSSES,
    mixed: Any = True,
    **shared: Any,
) -> SearchStrategy[Problem]:
    """Any number of samples of each label tuple, each task with its own loss.

    loss  the losses to draw from, all by default
    classes, shared keywords: see ``verify.strategies``; ``missing`` as well.
    """
    return arbitrary(classes, tasks, n, loss=loss, mixed=mixed, **shared)
