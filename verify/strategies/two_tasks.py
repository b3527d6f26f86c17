"""Families of two tasks with equally many classes, every class of either task equally frequent (Section 5.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

import ufm
from ufm.solution import Problem
from verify.strategies.missing import left_out, missing_range
from verify.strategies.numbers import MOST_TUPLES, at_most, exactly, settings, whole


def task_balanced(
    classes: Any = range(2, 4),
    tasks: Any = 2,
    n: Any = (1, 9),
    *,
    background: Any = 1,
    symmetric: bool = False,
    class_symmetric: bool = False,
    missing: Any = 0,
    **shared: Any,
) -> SearchStrategy[Problem]:
    """Two tasks with constant row and column sums of the counts: background · J + Σ_i n_i P_i, P_i permutations.

    By Birkhoff's theorem, these are all such counts. One to K + 1 permutation matrices are drawn.

    n                samples n_i along each permutation
    background       samples of every label pair besides; 0 lets pairs be absent
    symmetric        P_i + P_iᵀ in place of P_i: exchanging the tasks leaves the counts as they are
    class_symmetric  P_i the identity, or J less it: relabelling the classes of both tasks alike leaves the counts as
                     they are, so they are n_same on the diagonal and n_different off it
    classes, shared keywords: see ``verify.strategies``. Source: Section 5.2, Theorem 5.1.
    """
    numbers = exactly(classes, tasks, 2, "task_balanced")
    at_most(MOST_TUPLES, "label pairs", numbers[-1] ** 2, classes=classes)
    multiple, everywhere = whole("n", n, 1), whole("background", background, 0)
    absent = missing_range(missing, classes, (2, 2))
    settings(tasks=2, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        K = draw(st.integers(numbers[0], numbers[-1]))
        identity = np.eye(K, dtype=np.int64)
        counts = np.zeros((K, K), dtype=np.int64)
        if class_symmetric:
            matrices = st.booleans().map(lambda off: 1 - identity if off else identity)
        else:
            matrices = st.permutations(range(K)).map(lambda order: identity[order])
        for P, times in draw(st.lists(st.tuples(matrices, multiple), min_size=1, max_size=K + 1)):
            counts += times * (P + P.T if symmetric else P)
        counts = counts + draw(everywhere)
        return left_out(draw, absent, ufm.SingleSource(counts, **draw(settings(tasks=2, **shared))))

    return draw_problem()


def correlated(
    classes: Any = range(2, 5),
    tasks: Any = 2,
    n_same: Any = (1, 20),
    n_different: Any = (1, 20),
    *,
    missing: Any = 0,
    **shared: Any,
) -> SearchStrategy[Problem]:
    """Two tasks of K classes: n_same samples where the labels agree, n_different of every other label pair.

    n_same, n_different   ranges; where both are drawn 0, n_same is 1
    classes, shared keywords: see ``verify.strategies``. Source: Section 5.2, Theorem 5.1.
    """
    numbers = exactly(classes, tasks, 2, "correlated")
    at_most(MOST_TUPLES, "label pairs", numbers[-1] ** 2, classes=classes)
    same, different = whole("n_same", n_same, 0), whole("n_different", n_different, 0)
    absent = missing_range(missing, classes, (2, 2))
    settings(tasks=2, **shared)

    @st.composite
    def draw_problem(draw: DrawFn) -> Problem:
        K = draw(st.integers(numbers[0], numbers[-1]))
        agree, differ = draw(same), draw(different)
        if agree == differ == 0:
            agree = 1
        shared_settings = draw(settings(tasks=2, **shared))
        problem = ufm.SingleSource.correlated(K, n_same=agree, n_different=differ, **shared_settings)
        return left_out(draw, absent, problem)

    return draw_problem()
