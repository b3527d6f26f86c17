"""Theorem 3.1 from pairs of tasks alone (beyond the paper: docs/theory.md).

The minimizers of Theorems 3.1 and B.2 use the joint counts of no more than two tasks at a time. It suffices that

    Σ_{l: k_s = i, k_t = j} n_l = N / (K_s K_t)   for all tasks s ≠ t and all classes i, j:

an orthogonal array of strength 2, whose tuples may occur unequally often and mostly not at all. Margins, min F, Gram
matrix and features are those of ``theory.theorems.theorem_3_1``.

SNC5 holds on every h only where every label tuple occurs. All centres have one norm, so the nearest of all Π K_t sums
of heads decides as the heads do; but the centre that an arbitrary h decides for need not be a label's. On training
features it holds regardless: each is its own label's centre.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np

from theory.hypotheses import Hypothesis, cross_entropy_of, holding, smoothed, spread
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem
from theory.theorems import theorem_3_1

NAME = "Theorem 3.1 for pairwise-uniform counts"


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """Single source, at least two tasks, uniform joint counts of every pair of tasks."""
    rows = cross_entropy_of(reading, "single")
    if not holding(rows):
        return rows
    problem = reading.parts[0]
    tasks = len(problem.classes)
    several = Hypothesis("several tasks", "T ≥ 2", f"T = {tasks}", tasks >= 2)
    return (*rows, several, _pairwise_uniform(problem)) if several.holds else (*rows, several)


def _pairwise_uniform(problem: SumProblem) -> Hypothesis:
    statement = "every pair of classes of two tasks occurs N/(K_s K_t) times"
    for s, t in combinations(range(len(problem.classes)), 2):
        pairs = problem.classes[s] * problem.classes[t]
        if pairs > len(problem.counts):
            found = f"tasks {s + 1} and {t + 1}: {len(problem.counts):,} label tuples for {pairs:,} pairs of classes"
            return Hypothesis("pairwise uniform", statement, found, False)
        joint = _joint_counts(problem, s, t)
        if (joint != joint[0]).any():
            found = f"tasks {s + 1} and {t + 1}: {spread(joint, len(joint), 'pairs')}"
            return Hypothesis("pairwise uniform", statement, found, False)
    return Hypothesis("pairwise uniform", statement, f"every pair of {len(problem.classes)} tasks", True)


def _joint_counts(problem: SumProblem, s: int, t: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(K_s K_t,) samples of every pair of classes of tasks s and t, in whole numbers."""
    joint = np.zeros(problem.classes[s] * problem.classes[t], dtype=np.int64)
    np.add.at(joint, problem.labels[:, s] * problem.classes[t] + problem.labels[:, t], problem.counts)
    return joint


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``: those of Theorem 3.1 or B.2."""
    prediction = theorem_3_1.predict(reading, checked)
    problem = reading.parts[0]
    occurring = len(np.unique(problem.labels[problem.counts > 0], axis=0))
    base = prediction.theorem.removesuffix(" with label smoothing")
    return replace(
        prediction,
        theorem=smoothed(f"{base} for pairwise-uniform counts", reading),
        within_theorem=False,
        every_feature=occurring == math.prod(problem.classes),
    )
