"""Problems of every kind, their solved minima, and points near and far from them."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st
from points import mapped

from ufm import MultiSource, SingleSource, solve

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
SMALL = {"lambda_H": 5e-4, "lambda_W": 5e-4, "lambda_b": 5e-4}

# theorem and regime → problem
COVERED = {
    "3.1 below": SingleSource.balanced((3, 3), 20, **LAMBDAS),
    "3.1 mean": SingleSource.balanced((3, 3), 20, reduction="mean", lambda_H=1e-4, lambda_W=5e-4, lambda_b=1e-3),
    "3.1 one task": SingleSource.balanced((4,), 5, **LAMBDAS),
    "3.1 zero": SingleSource.balanced((2, 2), 1, lambda_H=0.9, lambda_W=0.9, lambda_b=0.1),
    "3.1 at threshold": SingleSource.balanced((2, 2), 1, lambda_H=0.5, lambda_W=1.0, lambda_b=0.1),
    "3.1 large": SingleSource.balanced((10, 10, 10), 1300, **SMALL),
    "B.2 below": SingleSource.balanced((3, 4), 20, task_weights=(1.0, 2.5), **LAMBDAS),
    "B.2 partial": SingleSource.balanced((2, 5), 1, lambda_H=0.9, lambda_W=0.9, lambda_b=0.1),
    "3.2 below": MultiSource.balanced((4, 3), (30, 20), task_weights=(1.0, 2.0), **LAMBDAS),
    "3.2 mean": MultiSource.balanced((3, 3), (30, 20), reduction="mean", lambda_H=1e-3, lambda_W=5e-4, lambda_b=1e-3),
    "3.2 partial": MultiSource.balanced((3, 3), (30, 2), lambda_H=0.8, lambda_W=0.9, lambda_b=0.1),
    "3.2 zero": MultiSource.balanced((3, 2), (2, 3), lambda_H=0.9, lambda_W=0.9, lambda_b=0.1),
    "5.1 below": SingleSource.correlated(2, n_same=38, n_different=2, **LAMBDAS),
    "5.1 parallel": SingleSource.correlated(2, n_same=38, n_different=2, lambda_H=1.2, lambda_W=1.2, lambda_b=0.3),
    "5.1 opposite": SingleSource.correlated(2, n_same=2, n_different=38, lambda_H=1.2, lambda_W=1.2, lambda_b=0.3),
    "array": SingleSource.orthogonal_array(5, 4, n=6, **LAMBDAS),
    "array of every task": SingleSource.orthogonal_array(3, 4, n=2, task_weights=(1.0, 2.0, 0.5, 1.0), **LAMBDAS),
    "uneven pairs": SingleSource(np.where(np.indices((2, 2, 2)).sum(axis=0) % 2, 2, 7), **LAMBDAS),
    "3.1 smoothed": SingleSource.balanced((2, 3), 9, label_smoothing=0.1, **LAMBDAS),
    "3.2 smoothed": MultiSource.balanced((4, 3), (30, 20), label_smoothing=0.1, **LAMBDAS),
    "5.1 smoothed": SingleSource.correlated(2, n_same=38, n_different=2, label_smoothing=0.2, **LAMBDAS),
    "K classes": SingleSource.correlated(3, n_same=20, n_different=10, **LAMBDAS),
    "K classes, weighted": SingleSource.correlated(4, n_same=3, n_different=40, task_weights=(2.5, 2.5), **LAMBDAS),
    "K classes, smoothed": SingleSource.correlated(3, n_same=80, n_different=10, label_smoothing=0.1, **LAMBDAS),
    "K classes, parallel": SingleSource.correlated(4, n_same=30, n_different=1, **(LAMBDAS | {"lambda_H": 30.0})),
    "K classes, opposite": SingleSource.correlated(3, n_same=1, n_different=30, **(LAMBDAS | {"lambda_H": 380.0})),
    "5.1 zero": SingleSource.correlated(2, n_same=3, n_different=1, lambda_H=1.3, lambda_W=1.3, lambda_b=0.3),
}
UNCOVERED = {
    "task-balanced": SingleSource([[21, 6, 3], [6, 23, 1], [3, 1, 26]], **LAMBDAS),
    "arbitrary": SingleSource([[5, 0, 3], [1, 7, 0]], task_weights=(0.5, 2.0), **LAMBDAS),
    "smoothed": SingleSource([[5, 0, 3], [1, 7, 0]], label_smoothing=0.1, **LAMBDAS),
    "imbalanced tasks": MultiSource([[9, 4, 0], [1, 20]], task_weights=(2.0, 0.5), **LAMBDAS),
}
BELOW = [name for name in COVERED if "below" in name or name in ("3.1 mean", "3.1 one task", "3.1 large", "3.2 mean")]


@functools.cache
def solved(name):
    """The minimum of a named problem, solved once."""
    return solve({**COVERED, **UNCOVERED}[name])


def named(name):
    return {**COVERED, **UNCOVERED}[name]


def zero(solution):
    return mapped(solution, np.zeros_like)


def per_sample(problem, solution, seed=0):
    """The same point with one column of H per sample, in random order."""
    rng = np.random.default_rng(seed)

    def spread(H, labels, counts):
        columns = rng.permutation(np.repeat(np.arange(len(counts)), counts))
        return np.asarray(H)[:, columns], labels[columns]

    if problem.source == "single":
        H, labels = spread(solution.H, problem.labels, problem.counts)
    else:
        parts = [spread(*part) for part in zip(solution.H, problem.labels, problem.counts, strict=True)]
        H, labels = [h for h, _ in parts], [y for _, y in parts]
    return SimpleNamespace(W=solution.W, b=solution.b, H=H, labels=labels)


def random_point(problem, dim, size, seed):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return size * rng.standard_normal(shape)

    W = [draw(k, dim) for k in problem.classes]
    b = [draw(k) for k in problem.classes]
    if problem.source == "single":
        return SimpleNamespace(W=W, b=b, H=draw(dim, len(problem.labels)), labels=problem.labels)
    return SimpleNamespace(W=W, b=b, H=[draw(dim, len(y)) for y in problem.labels], labels=problem.labels)


@st.composite
def problems(draw, sources=("single", "multi")):
    """Small problems of either source: unequal K_t and c^t, empty labels, both reductions, smoothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes = draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    settings = {name: 10.0 ** draw(st.floats(-3, 0.3)) for name in ("lambda_H", "lambda_W", "lambda_b")}
    settings["reduction"] = draw(st.sampled_from(["sum", "mean"]))
    settings["label_smoothing"] = draw(st.sampled_from([0.0, 0.0, 0.1]))
    settings["task_weights"] = draw(st.sampled_from([None, (10.0 ** rng.uniform(-1, 1, len(classes))).tolist()]))
    most = draw(st.sampled_from([1, 3, 40]))
    if draw(st.sampled_from(sources)) == "single":
        counts = rng.integers(0, most + 1, classes)
        counts.flat[rng.integers(counts.size)] += 1
        return SingleSource(counts, **settings)
    counts = [rng.integers(0, most + 1, k) for k in classes]
    for c in counts:
        c[rng.integers(len(c))] += 1
    return MultiSource(counts, **settings)
