"""Problems (3), (4) and pick-all-label, their gradients, and a lower bound on their minima, straight from the formulas.

Plain numpy, column by column of a problem's labels, so that a prediction can be held against the definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Part:
    """Problem (3), pick-all-label, or one task of Problem (4) without its weight.

    targets   per task (K_t, columns), y ≥ 0
    """

    targets: list
    counts: np.ndarray
    c: np.ndarray
    lambda_H: float
    lambda_W: float
    lambda_b: float
    divisor: float
    W: list
    H: np.ndarray
    b: list


def parts(problem, W, H, b):
    """(weight outside, part) pairs: Problem (3) is one, Problem (4) is T."""
    lambdas = (problem.lambda_H, problem.lambda_W, problem.lambda_b)
    if problem.source != "multi":
        divisor = problem.counts.sum() if problem.reduction == "mean" else 1.0
        weights = problem.task_weights
        targets = task_targets(problem, problem.labels, problem.classes)
        return [(1.0, Part(targets, problem.counts, weights, *lambdas, divisor, W, H, b))]
    listed = []
    for t, k in enumerate(problem.classes):
        divisor = problem.counts[t].sum() if problem.reduction == "mean" else 1.0
        targets = task_targets(problem, problem.labels[t], (k,))
        part = Part(targets, problem.counts[t], np.ones(1), *lambdas, divisor, [W[t]], H[t], [b[t]])
        listed.append((problem.task_weights[t], part))
    return listed


def task_targets(problem, labels, classes):
    """Per task (K_t, columns): (1 − ε) of the label, or of each label of a set, and ε/K_t of every class for each."""
    epsilon = getattr(problem, "label_smoothing", 0.0)
    if problem.source == "multilabel":
        indicators = [labels.T.astype(float)]
    else:
        indicators = [np.eye(k)[:, column] for k, column in zip(classes, labels.T, strict=True)]
    return [(1 - epsilon) * y + epsilon * y.sum(axis=0) / len(y) for y in indicators]


def logits(part):
    return [W @ part.H + b[:, None] for W, b in zip(part.W, part.b, strict=True)]


def differences(u, y):
    """The class of largest target per column, and (K, columns) logits less that class's."""
    k = y.argmax(axis=0)
    return k, u - u[k, np.arange(u.shape[1])]


def cross_entropy(u, y):
    """(columns,) s log Σ_j e^{u_j} − ⟨y, u⟩, exact also where it is tiny."""
    k, o = differences(u, y)
    peak = np.maximum(o.max(axis=0), 0.0)
    e = np.exp(o - peak)
    e[k, np.arange(len(k))] = 0.0
    lse = np.where(peak > 0, peak + np.log(np.exp(-peak) + e.sum(axis=0)), np.log1p(e.sum(axis=0)))
    return y.sum(axis=0) * lse - (y * o).sum(axis=0)


def residual(u, y):
    """(K, columns) s softmax(u) − y, the entry of the largest target as minus the sum of the others."""
    k, o = differences(u, y)
    columns = np.arange(len(k))
    p = np.exp(o - o.max(axis=0))
    r = y.sum(axis=0) * p / p.sum(axis=0) - y
    r[k, columns] = 0.0
    r[k, columns] = -r.sum(axis=0)
    return r


def objective(problem, W, H, b):
    """F(W, H, b)."""
    total = 0.0
    for outside, p in parts(problem, W, H, b):
        fit = sum(
            c * (p.counts / p.divisor) @ cross_entropy(u, y) for c, u, y in zip(p.c, logits(p), p.targets, strict=True)
        )
        penalty = p.lambda_H * (p.counts * (p.H**2).sum(axis=0)).sum()
        penalty += p.lambda_W * sum(c * (w**2).sum() for c, w in zip(p.c, p.W, strict=True))
        penalty += p.lambda_b * sum(c * (x**2).sum() for c, x in zip(p.c, p.b, strict=True))
        total += outside * (fit + penalty)
    return total


def dual(part):
    """A lower bound on min F of the part, from its point: the multipliers scaled to spectral norm τ."""
    m = part.counts / part.divisor
    R = [residual(u, y) for u, y in zip(logits(part), part.targets, strict=True)]
    V = [c * m * r for c, r in zip(part.c, R, strict=True)]
    stacked = np.concatenate([v / np.sqrt(c) for v, c in zip(V, part.c, strict=True)]) / np.sqrt(part.counts)
    sigma = np.linalg.norm(stacked, 2)
    tau = 2 * np.sqrt(part.lambda_H) * np.sqrt(part.lambda_W)
    theta = 1.0 if sigma <= tau else tau / sigma
    bound = 0.0
    for c, r, y, v in zip(part.c, R, part.targets, V, strict=True):
        k, columns, s = y.argmax(axis=0), np.arange(y.shape[1]), y.sum(axis=0)
        q = (y + theta * r) / s
        q[k, columns] = 0.0  # of the other classes; the largest target's has one minus their sum
        others = q.sum(axis=0)
        terms = (q * np.log(np.where(q > 0, q, 1.0))).sum(axis=0) + (1.0 - others) * np.log1p(-others)
        bound -= c * m @ (s * terms)
        bound -= theta**2 * (v.sum(axis=1) ** 2).sum() / (4 * part.lambda_b * c)
    return bound


def relative_gap(problem, W, H, b):
    """(F − D) / F ≥ 0 up to rounding, D a bound below the global minimum."""
    F = objective(problem, W, H, b)
    D = sum(outside * dual(p) for outside, p in parts(problem, W, H, b))
    return (F - D) / F


def gradient_norm(problem, W, H, b):
    """Largest entry of ∇F over the absolute sum of the terms that cancel in it, the worst of W, H and b."""
    worst = 0.0
    for _, p in parts(problem, W, H, b):
        m = p.counts / p.divisor
        V = [c * m * residual(u, y) for c, u, y in zip(p.c, logits(p), p.targets, strict=True)]
        pull, size = np.zeros_like(p.H), np.zeros_like(p.H)
        for c, w, x, v in zip(p.c, p.W, p.b, V, strict=True):
            pull += w.T @ v
            size += np.abs(w.T) @ np.abs(v)
            worst = max(
                worst,
                _relative(v @ p.H.T + 2 * p.lambda_W * c * w, np.abs(v) @ np.abs(p.H.T)),
                _relative(v.sum(axis=1) + 2 * p.lambda_b * c * x, np.abs(v).sum(axis=1)),
            )
        worst = max(worst, _relative(pull + 2 * p.lambda_H * p.counts * p.H, size))
    return worst


def _relative(total, terms):
    return np.abs(total).max() / max(np.abs(terms).max(), np.finfo(float).tiny)


def every_sample(problem, W, H, b):
    """Problem (3) as the paper writes it: N features, eq. 9 with task weights, no columns."""
    labels = np.repeat(problem.labels, problem.counts, axis=0)
    features = np.repeat(H, problem.counts, axis=1)
    total = problem.lambda_H * (features**2).sum()
    for t, c in enumerate(problem.task_weights):
        loss = 0.0
        for h, k in zip(features.T, labels[:, t], strict=True):
            u = W[t] @ h + b[t]
            loss += np.log(np.exp(u - u[k]).sum())
        if problem.reduction == "mean":
            loss /= len(labels)
        total += c * (loss + problem.lambda_W * (W[t] ** 2).sum() + problem.lambda_b * (b[t] ** 2).sum())
    return total
