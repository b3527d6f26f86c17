"""One-hot targets and label sets whose singular values balance makes rational squares: no rounding decides a threshold.

Less their mean, and with 1 − ε of the labels left by smoothing:

    uniform pairs of tasks      s² = (1 − ε)² c^t N/K_t, K_t − 1 times for every task
    two correlated tasks        s² = (1 − ε)² c (2 n_s + (K−2) n_d)  and  (1 − ε)² c K n_d, K − 1 times each
    uniform pairs of labels     s² = (1 − ε)² (J_kk − J_kl), K − 1 times, and Σ n_S |S|²/K − N m̄²/K

with J_kl the samples that have both labels and m̄ the mean of |S|. The mean of all these is constant within a task and a
direction of its own, of size σ² = N Σ_t c^t/K_t, or N m̄²/K. One task of hard labels without bias has orthogonal
targets, s² = c n_k.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from theory.feature_space import Float, simplex
from theory.margins.modes import Mode
from theory.margins.target_columns import blocks, root_weights
from theory.reading import SumProblem

Int = NDArray[np.int64]
SHARED, APART = "what the heads share", "what the heads differ in"


def class_counts(problem: SumProblem, t: int = 0) -> Int:
    """(K_t,) samples of each class of task t."""
    counts = np.zeros(problem.classes[t], dtype=np.int64)
    np.add.at(counts, problem.labels[:, t], problem.counts)
    return counts


def uniform_tasks(problem: SumProblem) -> bool:
    """Every pair of tasks has uniform joint counts; the classes of one task alone."""
    tasks = range(len(problem.classes))
    if not all(_equal(class_counts(problem, t)) for t in tasks):
        return False
    return all(_equal(_joint(problem, s, t).ravel()) for s, t in combinations(tasks, 2))


def _equal(counts: Int) -> bool:
    return bool(np.all(counts == counts[0]))


def _joint(problem: SumProblem, s: int, t: int) -> Int:
    """(K_s, K_t) samples of every pair of classes."""
    table = np.zeros((problem.classes[s], problem.classes[t]), dtype=np.int64)
    if table.size > len(problem.counts):  # then some pair has no samples
        return np.arange(2)
    np.add.at(table, (problem.labels[:, s], problem.labels[:, t]), problem.counts)
    return table


def same_and_different(problem: SumProblem) -> tuple[int, int] | None:
    """(n_s, n_d) of two tasks of K classes and equal weight whose counts are so, or None."""
    classes, weights = problem.classes, problem.task_weights
    if len(classes) != 2 or classes[0] != classes[1] or weights[0] != weights[1]:
        return None
    K = classes[0]
    agree = problem.labels[:, 0] == problem.labels[:, 1]
    totals = np.zeros(K * K, dtype=np.int64) if 2 * len(agree) + K >= K * K else None
    if totals is None and (len(agree) != K or not agree.all()):
        return None
    if totals is None:
        n = class_counts(problem)
        return (int(n[0]), 0) if _equal(n) else None
    np.add.at(totals, problem.labels[:, 0] * K + problem.labels[:, 1], problem.counts)
    table = totals.reshape(K, K)
    same, different = np.diagonal(table), table[~np.eye(K, dtype=bool)]
    return (int(same[0]), int(different[0])) if _equal(same) and _equal(different) else None


def label_pairs(problem: SumProblem) -> tuple[int, int] | None:
    """(J_kk, J_kl) where they are the same for all labels k ≠ l of a problem of label sets, or None."""
    K = problem.classes[0]
    J = np.zeros((K, K))
    for chosen in blocks(problem):
        sets = problem.labels[chosen].astype(np.float64)
        J += (sets * problem.counts[chosen, None]).T @ sets
    own, both = np.diagonal(J), J[~np.eye(K, dtype=bool)]
    return (int(own[0]), int(both[0])) if np.all(own == own[0]) and np.all(both == both[0]) else None


def orthogonal_classes(problem: SumProblem) -> list[Mode]:
    """One task of hard labels without bias: s² = c n_k, a class a mode."""
    K, c = problem.classes[0], Fraction(problem.task_weights[0])
    present = enumerate(class_counts(problem).tolist())
    return [Mode(f"class {k + 1}", c * n, np.eye(K, 1, -k)) for k, n in present if n > 0]


def task_modes(problem: SumProblem) -> list[Mode]:
    """Uniform pairs of tasks, less their mean."""
    unit = 1 - Fraction(problem.label_smoothing)
    modes = []
    for t, (K, c) in enumerate(zip(problem.classes, problem.task_weights, strict=True)):
        square = unit**2 * Fraction(c) * problem.samples / K
        modes.append(Mode(f"task {t + 1}", square, _in_block(problem.classes, t, simplex(K)), unit=unit))
    return modes


def _in_block(classes: Sequence[int], t: int, rows: Float) -> Float:
    """(R, d) with ``rows`` (K_t, d) in block t."""
    start = sum(classes[:t])
    return np.pad(rows, ((start, sum(classes) - start - len(rows)), (0, 0)))


def correlated_modes(problem: SumProblem, same: int, different: int) -> list[Mode]:
    """Two correlated tasks, less their mean: what the heads share, and what they differ in."""
    K, c = problem.classes[0], Fraction(problem.task_weights[0])
    unit = 1 - Fraction(problem.label_smoothing)
    E = simplex(K) / np.sqrt(2.0)
    shared, apart = unit**2 * c * (2 * same + (K - 2) * different), unit**2 * c * K * different
    parts = ((SHARED, shared, 1.0), (APART, apart, -1.0))
    return [Mode(what, square, np.concatenate([E, sign * E]), unit=unit) for what, square, sign in parts if square > 0]


def set_modes(problem: SumProblem, own: int, both: int, *, centred: bool) -> list[Mode]:
    """Uniform pairs of labels: the labels, and the sizes of the sets along (1, …, 1)."""
    K, c, N = problem.classes[0], Fraction(problem.task_weights[0]), problem.samples
    unit = 1 - Fraction(problem.label_smoothing)
    squares = Fraction(own + (K - 1) * both)  # Σ n_S |S|²/K
    level = Fraction(K * own * own, N)  # N m̄²/K, K J_kk = N m̄
    line = np.full((K, 1), 1.0 / np.sqrt(K))
    labels = Mode("labels", unit**2 * c * (own - both), simplex(K), unit=unit)
    if centred:
        penalized = problem.lambda_b is not None and problem.lambda_b > 0
        sizes = Mode("sizes of sets", c * (squares - level), line, c * level if penalized else Fraction(0))
    else:
        sizes = Mode("the mean and sizes of sets", c * squares, line)
    return [mode for mode in (labels, sizes) if mode.square + mode.mean > 0]


def mean_mode(problem: SumProblem) -> Mode:
    """The mean of tasks with equal class counts: σ² = N Σ_t c^t/K_t; without bias a singular value like the others."""
    weights = [Fraction(c) / K for K, c in zip(problem.classes, problem.task_weights, strict=True)]
    square = problem.samples * sum(weights, Fraction(0))
    row = root_weights(problem) / np.repeat(problem.classes, problem.classes)
    basis = (row / np.linalg.norm(row))[:, None]
    if problem.lambda_b is None:
        return Mode("the mean", square, basis)
    return Mode("the mean", Fraction(0), basis, square)
