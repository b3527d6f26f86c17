"""The targets of a problem as columns, a block of columns at a time: one-hot, label sets, soft or real.

With x one-hot, 1_S, p or real, block t of the target is (1 − ε) x^t + ε Σ_k x_k^t / K_t; n_l samples weigh it √n_l, the
task weight √c^t:

    Ỹ = diag(√c) Y diag(√n),   ȳ = Y n / N,   Ỹ (I − vvᵀ) = diag(√c) (Y − ȳ1ᵀ) diag(√n),   v = √(n/N).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory.feature_space import Float
from theory.reading import SumProblem

BLOCK = 2**20  # numbers in a block of columns


def blocks(problem: SumProblem) -> Iterator[slice]:
    """Slices of columns, of about BLOCK numbers and at least as many columns as rows."""
    R = sum(problem.classes)
    width = max(R, BLOCK // R)
    for start in range(0, len(problem.counts), width):
        yield slice(start, start + width)


def target_columns(problem: SumProblem, chosen: slice) -> Float:
    """(R, columns) the targets y of the chosen columns, smoothed."""
    parts = np.split(_unsmoothed(problem, chosen), np.cumsum(problem.classes)[:-1])
    epsilon = problem.label_smoothing
    if epsilon == 0:
        return np.concatenate(parts)
    return np.concatenate([(1.0 - epsilon) * x + epsilon * x.sum(axis=0) / len(x) for x in parts])


def _unsmoothed(problem: SumProblem, chosen: slice) -> Float:
    if problem.targets is not None:
        return problem.targets[:, chosen]
    labels = problem.labels[chosen].T
    if problem.source == "multilabel":
        return labels.astype(np.float64)
    x = np.zeros((sum(problem.classes), labels.shape[1]))
    starts = np.cumsum((0, *problem.classes[:-1]))
    x[starts[:, None] + labels, np.arange(labels.shape[1])] = 1.0
    return x


def mean_target(problem: SumProblem) -> Float:
    """(R,) ȳ, its rounding a part of the deviations' size, not of their distance from the origin."""
    origin = target_columns(problem, slice(0, 1))
    total = np.zeros(len(origin))
    for chosen in blocks(problem):
        total += (target_columns(problem, chosen) - origin) @ problem.counts[chosen]
    return np.asarray(origin[:, 0] + total / problem.samples)


def root_weights(problem: SumProblem) -> Float:
    """(R,) √c of every row."""
    return np.repeat(np.sqrt(problem.task_weights), problem.classes)


def weighted_columns(problem: SumProblem, chosen: slice, centre: Float) -> Float:
    """(R, columns) diag(√c) (y − centre) √n."""
    deviation = target_columns(problem, chosen) - centre[:, None]
    return np.asarray(root_weights(problem)[:, None] * deviation * np.sqrt(problem.counts[chosen]))
