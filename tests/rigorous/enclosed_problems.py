"""Problems whose minimum is known in closed form or by a law, others, and points near and far from the minimum."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st

from ufm import MultiLabel, MultiSource, SingleSource, solve

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
LARGE = {"lambda_H": 1.2, "lambda_W": 1.2, "lambda_b": 0.3}
ALONE = {"lambda_H": 0.9, "lambda_W": 0.9, "lambda_b": 0.1}

# theorem and regime → problem
KNOWN = {
    "3.1": SingleSource.balanced((3, 3), 20, **LAMBDAS),
    "3.1 mean": SingleSource.balanced((3, 3), 20, reduction="mean", lambda_H=1e-4, lambda_W=5e-4, lambda_b=1e-3),
    "3.1 smoothed": SingleSource.balanced((3, 4), 7, label_smoothing=0.1, **LAMBDAS),
    "3.1 one task": SingleSource.balanced((4,), 5, **LAMBDAS),
    "3.1 zero": SingleSource.balanced((2, 2), 1, **ALONE),
    "3.1 zero only by smoothing": SingleSource.balanced(
        (2, 2), 3, label_smoothing=0.6, lambda_H=0.5, lambda_W=0.5, lambda_b=1.0
    ),
    "3.1 at threshold": SingleSource.balanced((2, 2), 1, lambda_H=0.5, lambda_W=1.0, lambda_b=0.1),
    "B.2": SingleSource.balanced((3, 4), 20, task_weights=(1.0, 2.3), **LAMBDAS),
    "B.2 partial": SingleSource.balanced((2, 5), 1, **ALONE),
    "pairwise uniform": SingleSource.orthogonal_array(3, 4, n=3, label_smoothing=0.05, **LAMBDAS),
    "3.2": MultiSource.balanced((4, 3), (30, 20), task_weights=(1.1, 2.0), **LAMBDAS),
    "3.2 mean": MultiSource.balanced((3, 3), (30, 20), reduction="mean", lambda_H=1e-3, lambda_W=5e-4, lambda_b=1e-3),
    "3.2 partial": MultiSource.balanced((3, 3), (30, 2), label_smoothing=0.1, lambda_H=0.8, lambda_W=0.9, lambda_b=0.1),
    "5.1": SingleSource.correlated(2, n_same=38, n_different=2, **LAMBDAS),
    "5.1 smoothed": SingleSource.correlated(2, n_same=38, n_different=2, label_smoothing=0.2, **LAMBDAS),
    "5.1 parallel": SingleSource.correlated(2, n_same=38, n_different=2, **LARGE),
    "5.1 opposite": SingleSource.correlated(2, n_same=2, n_different=38, **LARGE),
    "5.1 zero": SingleSource.correlated(2, n_same=3, n_different=1, lambda_H=1.3, lambda_W=1.3, lambda_b=0.3),
    "5.1 never different": SingleSource.correlated(2, n_same=5, n_different=0, **LAMBDAS),
    "K classes": SingleSource.correlated(3, n_same=20, n_different=10, **LAMBDAS),
    "K classes rarer same": SingleSource.correlated(4, n_same=1, n_different=9, task_weights=(2.0, 2.0), **LAMBDAS),
    "K classes smoothed": SingleSource.correlated(4, n_same=9, n_different=2, label_smoothing=0.1, **LAMBDAS),
    "K classes parallel": SingleSource.correlated(
        4, n_same=40, n_different=1, lambda_H=1.0, lambda_W=1.0, lambda_b=1.0
    ),
    "K classes zero": SingleSource.correlated(3, n_same=4, n_different=1, reduction="mean", **ALONE),
    "K classes never same": SingleSource.correlated(3, n_same=0, n_different=5, **LAMBDAS),
    "K classes never different": SingleSource.correlated(3, n_same=5, n_different=0, **LAMBDAS),
    "labels": MultiLabel.balanced(classes=3, n_by_multiplicity={1: 10, 2: 5}, **LAMBDAS),
    "labels smoothed": MultiLabel.balanced(
        classes=4, n_by_multiplicity={1: 3, 3: 2, 4: 5}, label_smoothing=0.1, reduction="mean", **LAMBDAS
    ),
    "labels zero": MultiLabel.balanced(
        classes=3, n_by_multiplicity={1: 1, 2: 1}, lambda_H=2.0, lambda_W=2.0, lambda_b=1.0
    ),
}
UNKNOWN = {
    "arbitrary": SingleSource([[5, 0, 3], [1, 7, 0]], task_weights=(0.5, 2.0), **LAMBDAS),
    "smoothed": SingleSource([[5, 0, 3], [1, 7, 0]], label_smoothing=0.1, reduction="mean", **LAMBDAS),
    "tasks": MultiSource([[9, 4, 0], [1, 20]], task_weights=(2.0, 0.5), **LAMBDAS),
    "one label": SingleSource([0, 3], **LAMBDAS),
    "label sets": MultiLabel({(0,): 3, (1, 2): 4, (0, 1, 2): 1}, classes=3, **LAMBDAS),
}
ALL = {**KNOWN, **UNKNOWN}


@functools.cache
def solved(name):
    return solve(ALL[name])


def random_point(problem, dim, size, seed, most=1):
    """Gaussian W, H, b, up to ``most`` columns for each label, in random order."""
    rng = np.random.default_rng(seed)

    def features(labels):
        columns = np.repeat(np.arange(len(labels)), rng.integers(1, most + 1, len(labels)))
        labels = np.asarray(labels)[rng.permutation(columns)]
        return size * rng.standard_normal((dim, len(labels))), labels

    W = [size * rng.standard_normal((k, dim)) for k in problem.classes]
    b = [size * rng.standard_normal(k) for k in problem.classes]
    if problem.source != "multi":
        H, labels = features(problem.labels)
    else:
        H, labels = map(list, zip(*[features(y) for y in problem.labels], strict=True))
    return SimpleNamespace(W=W, b=b, H=H, labels=labels)


@st.composite
def problems(draw):
    """Small problems of every source: unequal K_t and c^t, empty labels, both reductions, smoothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes = draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    settings = {name: 10.0 ** draw(st.floats(-3, 0.3)) for name in ("lambda_H", "lambda_W", "lambda_b")}
    settings["reduction"] = draw(st.sampled_from(["sum", "mean"]))
    settings["label_smoothing"] = draw(st.sampled_from([0.0, 0.0, 0.1]))
    most = draw(st.sampled_from([1, 3, 40]))
    source = draw(st.sampled_from(["single", "multi", "multilabel"]))
    if source == "multilabel":
        sets = rng.integers(0, 2, (5, classes[0]))
        sets[np.arange(5), rng.integers(classes[0], size=5)] = 1
        return MultiLabel.from_indicators(np.repeat(sets, rng.integers(1, most + 1, 5), axis=0), **settings)
    settings["task_weights"] = draw(st.sampled_from([None, (10.0 ** rng.uniform(-1, 1, len(classes))).tolist()]))
    if source == "single":
        counts = rng.integers(0, most + 1, classes)
        counts.flat[rng.integers(counts.size)] += 1
        return SingleSource(counts, **settings)
    counts = [rng.integers(0, most + 1, k) for k in classes]
    for c in counts:
        c[rng.integers(len(c))] += 1
    return MultiSource(counts, **settings)
