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
from verify.strategies.numbers import MOST_DRAWN, pair, powers_of_two, settings, shapes, whole

CLASSES = range(2, 5)
RATIOS = (2.0**-7, 1.0)
Counted = Literal["single", "multi"]  # what samples per label tuple, or per class of a task, make


def balanced(
    classes: Any = CLASSES, tasks: Any = (1, 3), n: Any = (1, 20), *, source: Counted = "single", **shared: Any
) -> SearchStrategy[Problem]:
    """Label-balanced problems: n samples of every label tuple; source="multi": of every class of every task.

    classes, shared keywords: see ``verify.strategies``. Source: Theorems 3.1, B.2 and 3.2.
    """
    validation.one_of("source", source, get_args(Counted))
    shape, samples = shapes(classes, tasks, _most(source)), whole("n", n, 1)
    settings(tasks=1, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        sizes = draw(shape)
        match source:
            case "single":
                return ufm.SingleSource.balanced(sizes, draw(samples), **draw(settings(tasks=len(sizes), **shared)))
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
    **shared: Any,
) -> SearchStrategy[Problem]:
    """Counts that fall geometrically: max(1, round(n Π_t r_t^{k_t/(K_t − 1)})), the first class the largest.

    n      samples of the largest label tuple (source="multi": class of each task)
    ratio  r_t, a number or a range (low, high) of powers of two up to 1: the last class over the first
    classes, shared keywords: see ``verify.strategies``. Source: Table 4, Appendix D.8.
    """
    validation.one_of("source", source, get_args(Counted))
    shape, largest = shapes(classes, tasks, _most(source)), whole("n", n, 1)
    ratios = powers_of_two("ratio", ratio, 1.0)
    if max(pair("ratio", ratio)) > 1:
        raise ValueError(f"ratio must be at most 1, the last class over the first, got {ratio!r}")
    settings(tasks=1, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        sizes = draw(shape)
        profiles = [draw(ratios) ** (np.arange(k) / (k - 1)) for k in sizes]
        match source:
            case "single":
                product = np.ones(())
                for profile in profiles:
                    product = np.multiply.outer(product, profile)
                return ufm.SingleSource(_tail(draw(largest), product), **draw(settings(tasks=len(sizes), **shared)))
            case "multi":
                counts = [_tail(draw(largest), profile) for profile in profiles]
                return ufm.MultiSource(counts, **draw(settings(tasks=len(sizes), **shared)))
            case _:
                assert_never(source)

    return draw_problem()


def _most(source: Counted) -> float:
    """Label tuples at most: samples of a single source carry one, of several sources one label each."""
    return validation.MAX_COLUMNS if source == "single" else math.inf


def _tail(largest: int, profile: Any) -> Any:
    return np.maximum(1, np.rint(largest * np.asarray(profile))).astype(np.int64)


def arbitrary(
    classes: Any = range(2, 4), tasks: Any = (1, 2), n: Any = (0, 9), **shared: Any
) -> SearchStrategy[Problem]:
    """Any number of samples of each label tuple, zeros included; where all would be zero, the first has one.

    classes, shared keywords: see ``verify.strategies``.
    """
    shape, samples = shapes(classes, tasks, MOST_DRAWN), whole("n", n, 0)
    settings(tasks=1, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        sizes = draw(shape)
        tuples = math.prod(sizes)
        counts = draw(st.lists(samples, min_size=tuples, max_size=tuples))
        if not any(counts):
            counts[0] = 1
        return ufm.SingleSource(np.reshape(counts, sizes), **draw(settings(tasks=len(sizes), **shared)))

    return draw_problem()
