"""F as the definitions write it, in sixty digits: one term a column, targets as rationals, no log-sum-exp tricks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from mpmath import mp, mpf


def exact(x):
    value = Fraction(x) if not isinstance(x, np.generic) else Fraction(x.item())
    return mpf(value.numerator) / mpf(value.denominator)


def objective(problem, point):
    """F(W, H, b) of a problem of any source, loss and bias, as an mpf."""
    with mp.workdps(60):
        if problem.source != "multi":
            return part(
                problem, point.W, point.H, point.b, point.labels, problem.labels, problem.counts, range_of(problem)
            )
        total = mpf(0)
        for t in range(len(problem.classes)):
            value = part(
                problem,
                [point.W[t]],
                point.H[t],
                [point.b[t]],
                point.labels[t],
                problem.labels[t],
                problem.counts[t],
                [t],
            )
            total += exact(problem.task_weights[t]) * value
        return total


def range_of(problem):
    return range(len(problem.classes))


def part(problem, W, H, b, labels, distinct, counts, tasks):
    W, H, b, labels = [np.asarray(w) for w in W], np.asarray(H), [np.asarray(v) for v in b], np.asarray(labels)
    rows = {tuple(y): int(n) for y, n in zip(np.asarray(distinct).tolist(), counts, strict=True)}
    columns = {y: sum(tuple(z) == y for z in labels.tolist()) for y in rows}
    divisor = sum(rows.values()) if problem.reduction == "mean" else 1
    weights = [exact(problem.task_weights[t]) for t in tasks] if problem.source != "multi" else [mpf(1)]
    total = mpf(0)
    for j, y in enumerate(map(tuple, labels.tolist())):
        share = mpf(rows[y]) / columns[y]
        h = [exact(x) for x in H[:, j]]
        for i, c in enumerate(weights):
            u = [
                sum(exact(w) * x for w, x in zip(row, h, strict=True)) + exact(v)
                for row, v in zip(W[i], b[i], strict=True)
            ]
            wanted = target(problem, tasks[i], len(u), y if problem.source != "multi" else (None,) * tasks[i] + y)
            if wanted is not None:
                total += c * share / divisor * LOSSES[problem.losses[tasks[i]]](u, wanted)
        total += exact(problem.lambda_H) * share * sum(x * x for x in h)
    for i, c in enumerate(weights):
        total += c * exact(problem.lambda_W) * sum(exact(w) ** 2 for w in W[i].ravel())
        total += c * exact(problem.lambda_b or 0) * sum(exact(v) ** 2 for v in b[i])
    return total


def target(problem, task, K, y):
    """The exact target of label y in a task, None where it has none."""
    epsilon = Fraction(problem.label_smoothing)
    match problem.source:
        case "multilabel":
            given = list(y)
        case "soft" | "regression":
            start = sum(problem.classes[:task])
            given = [Fraction(x) for x in problem.targets[y[0], start : start + K].tolist()]
        case _:
            if y[task] < 0:
                return None
            given = [int(k == y[task]) for k in range(K)]
    return [(1 - epsilon) * k + epsilon * sum(given) / K for k in given]


def cross_entropy(u, y):
    return sum(exact(k) * (mp.log(sum(mp.exp(v - x) for v in u))) for k, x in zip(y, u, strict=True) if k)


def binary_cross_entropy(u, y):
    return sum(
        exact(k) * mp.log(1 + mp.exp(-x)) + exact(1 - k) * mp.log(1 + mp.exp(x)) for k, x in zip(y, u, strict=True)
    )


def squared_error(u, y):
    return sum((x - exact(k)) ** 2 for k, x in zip(y, u, strict=True)) / 2


LOSSES = {
    "cross-entropy": cross_entropy,
    "binary-cross-entropy": binary_cross_entropy,
    "squared-error": squared_error,
}
