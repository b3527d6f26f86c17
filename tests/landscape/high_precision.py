"""V, ∇F and d²F along a direction in 60 digits, from a problem's public fields, at the very doubles of a point."""

from __future__ import annotations

import mpmath as mp
import numpy as np

DIGITS = 60


def exact(array):
    """The doubles of an array as mpmath numbers."""
    return np.vectorize(lambda x: mp.mpf(float(x)), otypes=[object])(np.asarray(array, dtype=np.float64))


def target(problem, label):
    """(R,) y of one label, from the rationals that the fields are."""
    epsilon = mp.mpf(problem.label_smoothing)
    parts = []
    for k, classes in zip(label, problem.classes, strict=True):
        parts += [(1 - epsilon) * (j == k) + epsilon / classes for j in range(classes)]
    return np.array(parts, dtype=object)


def softmax(problem, u):
    parts, start = [], 0
    for classes in problem.classes:
        e = [mp.exp(x - max(u[start : start + classes])) for x in u[start : start + classes]]
        parts += [x / mp.fsum(e) for x in e]
        start += classes
    return np.array(parts, dtype=object)


def derivatives(problem, W, H, b, direction=None):
    """V (R, m), (∇_W, ∇_H, ∇_b) and d²F/dε² along (dW, dH, db) of a SingleSource in sums, one column per label."""
    with mp.workdps(DIGITS):
        c = np.repeat(exact(problem.task_weights), problem.classes)
        n = [int(x) for x in problem.counts]
        lambda_H, lambda_W, lambda_b = (mp.mpf(x) for x in (problem.lambda_H, problem.lambda_W, problem.lambda_b))
        W, H, b = exact(W), exact(H), exact(b)
        V = np.empty((len(W), len(n)), dtype=object)
        second = mp.mpf(0)
        for column, label in enumerate(np.asarray(problem.labels).tolist()):
            p = softmax(problem, W @ H[:, column] + b)
            V[:, column] = n[column] * c * (p - target(problem, label))
            if direction is None:
                continue
            dW, dH, db = (exact(part) for part in direction)
            du = dW @ H[:, column] + W @ dH[:, column] + db
            start = 0
            for classes in problem.classes:
                rows = slice(start, start + classes)
                mean = p[rows] @ du[rows]
                second += n[column] * c[start] * (p[rows] @ (du[rows] - mean) ** 2)
                start += classes
            second += 2 * (V[:, column] @ (dW @ dH[:, column]))
            second += 2 * lambda_H * n[column] * (dH[:, column] @ dH[:, column])
        if direction is not None:
            dW, _, db = (exact(part) for part in direction)
            second += 2 * lambda_W * mp.fsum(c @ dW**2) + 2 * lambda_b * (c @ db**2)
        gradient = (
            V @ H.T + 2 * lambda_W * c[:, None] * W,
            W.T @ V + 2 * lambda_H * H * np.array(n, dtype=object),
            V.sum(axis=1) + 2 * lambda_b * c * b,
        )
        return V, gradient, second
