"""Problems that are hard for one reason each, and what of a point a rotation leaves alone."""

from __future__ import annotations

import math

import numpy as np
import torch

from ufm import MultiSource, SingleSource


def lambdas(H, W, b=0.05):
    return {"lambda_H": H, "lambda_W": W, "lambda_b": b}


def hard_problems():
    """(name, problem) pairs."""
    single, multi = SingleSource, MultiSource
    thresholds = (0.5, 0.9, 0.999, 1 - 1e-7, 1.0, 1 + 1e-7, 1.001, 2.0)
    for f in thresholds:
        # Theorem 3.1's threshold λ_W λ_H = c N / (4 K)
        at = math.sqrt(f * 1000 / (4 * 10))
        yield f"balanced at {f!r} of its threshold", single.balanced((10, 10), 10, **lambdas(at, at))
        at = math.sqrt(f * 0.1 * 120 / (4 * 3))
        part = single.balanced((3, 4), 10, task_weights=[0.1, 5], **lambdas(at, at))
        yield f"one of two tasks at {f!r} of its threshold", part
        at = math.sqrt(f * 4 / 2)
        yield f"rare pair at {f!r} of its threshold", single.correlated(2, n_same=100, n_different=4, **lambdas(at, at))
    yield "everything collapsed", single.correlated(2, n_same=100, n_different=4, **lambdas(9, 9))
    yield "two labels of four", single.correlated(2, n_same=38, n_different=0, **lambdas(0.05, 0.05))
    yield "five labels of 25", single.correlated(5, n_same=38, n_different=0, **lambdas(0.05, 0.05))
    rng = np.random.default_rng(0)
    for i in range(6):
        classes = rng.integers(2, 6, size=rng.integers(1, 4))
        counts = rng.integers(0, 30, classes) * (rng.random(classes) < 0.6)
        counts.flat[0] += 1
        size = 10.0 ** rng.uniform(-4, 0.5)
        point = lambdas(size, size * rng.uniform(0.1, 10), 10 ** rng.uniform(-4, 0))
        weights = rng.uniform(0.3, 3, len(classes))
        reduction = "mean" if i % 2 else "sum"
        yield f"random {i}", single(counts, task_weights=weights, reduction=reduction, **point)
    tail = np.round(500 * 0.01 ** (np.arange(10) / 9)).astype(int)
    for size in (1e-1, 1e-3, 1e-5):
        yield f"long tail, λ={size}", multi([tail], **lambdas(size, size))
        yield f"two long tails, λ={size}", single(np.outer(tail, tail) // 500, **lambdas(size, size))
        yield f"two steps, λ={size}", multi([[1000] * 5 + [10] * 5, [3, 4]], **lambdas(size, size))
    for size in (1, 3, 5, 7, 10, 12, 20):
        yield f"minorities collapse, λ={size}", multi([[1000] * 5 + [10] * 5], **lambdas(size, size))
    labels = (1.5 * rng.normal(size=(2000, 1)) + rng.normal(size=(2000, 8)) > 0.5).astype(int)
    yield "eight attributes", single.from_labels(labels, **lambdas(0.5, 0.05))
    yield "tiny λ", single.balanced((3, 4), 1000, **lambdas(1e-7, 1e-7))
    yield "1e8 of each label", single.balanced((3, 4), 10**8, **lambdas(1e-3, 1e-3))
    yield "one sample", single([[1, 0], [0, 0]], **lambdas(0.05, 0.05))
    yield "one sample, three tasks", single.from_labels([[1, 0, 2]], (2, 2, 3), **lambdas(0.05, 0.05))
    yield "smoothed", single.balanced((5, 5), 10, label_smoothing=0.1, **lambdas(0.05, 0.05))
    yield "smoothed, collapsed", single.balanced((3, 2), 10, label_smoothing=0.9, **lambdas(5, 5))
    yield "mean, smoothed", multi([[5, 0, 9], [2, 2]], reduction="mean", label_smoothing=0.1, **lambdas(1e-3, 1e-2))
    counts = rng.integers(0, 50, (4, 5))
    yield "tiny λ_b", single(counts, **lambdas(0.05, 0.05, 1e-6))
    yield "huge λ_b", single(counts, **lambdas(0.05, 0.05, 1e6))
    yield "λ_W a million times λ_H", single(counts, **lambdas(1e-5, 10.0))
    yield "huge λ", single(counts, **lambdas(1e4, 1e4, 1e4))


HARD = dict(hard_problems())


def invariants(solution):
    """Objective, logits W H + b, and the Gram matrix of the stacked heads; MultiSource: task by task."""
    if isinstance(solution.H, list):
        pairs = [([W], H, [b]) for W, H, b in zip(solution.W, solution.H, solution.b, strict=True)]
    else:
        pairs = [(solution.W, solution.H, solution.b)]
    logits, gram = [], []
    for W, H, b in pairs:
        stacked = torch.cat(W)
        logits.append((stacked @ H + torch.cat(b)[:, None]).numpy())
        gram.append((stacked @ stacked.T).numpy())
    return solution.objective, logits, gram


def assert_same_minimum(one, other, rtol=1e-6):
    """The same objective to rounding; logits and Gram matrices to the root of the gap, which is what a gap bounds."""
    assert math.isclose(one.objective, other.objective, rel_tol=1e-11)
    for these, those in zip(invariants(one)[1:], invariants(other)[1:], strict=True):
        for a, b in zip(these, those, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.abs(b).max())
