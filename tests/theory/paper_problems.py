"""Problems (3) and (4), their gradients, and a lower bound on their minima, straight from the formulas.

Plain numpy, column by column of a problem's labels, so that a prediction can be held against the definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Part:
    """Problem (3), or one task of Problem (4) without its weight."""

    classes: tuple[int, ...]
    labels: np.ndarray
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
    if problem.source == "single":
        divisor = problem.counts.sum() if problem.reduction == "mean" else 1.0
        weights = problem.task_weights
        return [(1.0, Part(problem.classes, problem.labels, problem.counts, weights, *lambdas, divisor, W, H, b))]
    listed = []
    for t, k in enumerate(problem.classes):
        divisor = problem.counts[t].sum() if problem.reduction == "mean" else 1.0
        part = Part((k,), problem.labels[t], problem.counts[t], np.ones(1), *lambdas, divisor, [W[t]], H[t], [b[t]])
        listed.append((problem.task_weights[t], part))
    return listed


def logits(part):
    return [W @ part.H + b[:, None] for W, b in zip(part.W, part.b, strict=True)]


def others(u, k):
    """(K − 1, columns) logits of the other classes less that of the label."""
    keep = np.arange(len(u))[:, None] != k
    return u.T[keep.T].reshape(u.shape[1], -1).T - u[k, np.arange(u.shape[1])]


def cross_entropy(u, k):
    """(columns,) log(1 + Σ_{j≠k} e^{u_j − u_k}), exact also where it is tiny."""
    o = others(u, k)
    peak = np.maximum(o.max(axis=0), 0.0)
    return np.where(
        peak > 0,
        peak + np.log(np.exp(-peak) + np.exp(o - peak).sum(axis=0)),
        np.log1p(np.exp(np.minimum(o, 0.0)).sum(axis=0)),
    )


def residual(u, k):
    """(K, columns) softmax(u) − e_k, the label's entry as minus the sum of the others."""
    columns = np.arange(u.shape[1])
    p = np.exp(u - u.max(axis=0))
    p /= p.sum(axis=0)
    p[k, columns] = 0.0
    p[k, columns] = -p.sum(axis=0)
    return p


def objective(problem, W, H, b):
    """F(W, H, b)."""
    total = 0.0
    for outside, p in parts(problem, W, H, b):
        fit = sum(
            c * (p.counts / p.divisor) @ cross_entropy(u, k) for c, u, k in zip(p.c, logits(p), p.labels.T, strict=True)
        )
        penalty = p.lambda_H * (p.counts * (p.H**2).sum(axis=0)).sum()
        penalty += p.lambda_W * sum(c * (w**2).sum() for c, w in zip(p.c, p.W, strict=True))
        penalty += p.lambda_b * sum(c * (x**2).sum() for c, x in zip(p.c, p.b, strict=True))
        total += outside * (fit + penalty)
    return total


def dual(part):
    """A lower bound on min F of the part, from its point: the multipliers scaled to spectral norm τ."""
    m = part.counts / part.divisor
    R = [residual(u, k) for u, k in zip(logits(part), part.labels.T, strict=True)]
    V = [c * m * r for c, r in zip(part.c, R, strict=True)]
    stacked = np.concatenate([v / np.sqrt(c) for v, c in zip(V, part.c, strict=True)]) / np.sqrt(part.counts)
    sigma = np.linalg.norm(stacked, 2)
    tau = 2 * np.sqrt(part.lambda_H) * np.sqrt(part.lambda_W)
    theta = 1.0 if sigma <= tau else tau / sigma
    bound = 0.0
    for c, r, k, v in zip(part.c, R, part.labels.T, V, strict=True):
        columns = np.arange(len(k))
        q = theta * r  # of the wrong classes; the label has one minus their sum
        wrong = -q[k, columns]
        q[k, columns] = 1.0
        label_term = (1.0 - wrong) * np.log1p(-wrong)
        bound -= c * m @ ((q * np.log(q)).sum(axis=0) + label_term)
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
        V = [c * m * residual(u, k) for c, u, k in zip(p.c, logits(p), p.labels.T, strict=True)]
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
