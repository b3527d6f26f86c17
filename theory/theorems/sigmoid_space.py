"""Heads, features and logits of balanced tasks of sigmoids: a simplex per task, and one direction for all means.

    w_k^t = √(ρ √(N/(c^t K_t)) a_t) E_k  +  √(ρ √N/M) μ_t e_0,   E Eᵀ = I − 11ᵀ/K_t,   ρ = √(λ_H/λ_W)

with coordinates E of each task's own and e_0 of all; h has √(M/(ρ √N)) along e_0. Where M = 0 features are sums of
their own heads; otherwise the mean of h points against that of the heads, μ_t being negative.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from theory.feature_space import FeatureSpace, Float, direct_sum, simplex, simplex_gram
from theory.margins.sigmoid_tasks import SigmoidTasks
from theory.reading import SumProblem


def _longer(problem: SumProblem) -> Float:
    """(T,) √(λ_H/λ_W) √(N/(c^t K_t))."""
    tasks = zip(problem.classes, problem.task_weights, strict=True)
    return np.array([problem.balance(problem.samples / (Fraction(c) * K)) for K, c in tasks])


def sigmoid_space(solved: SigmoidTasks) -> FeatureSpace:
    """The minimizer of the tasks."""
    problem, a, M = solved.problem, solved.margins, solved.means.size
    mu = np.array(solved.means.mu)
    longer, root = _longer(problem), problem.balance(problem.samples)  # ρ √N
    along = np.sqrt(root) * mu / math.sqrt(M) if M > 0 else np.zeros(len(mu))  # w_k^t along the mean
    rank = sum(K - 1 for K, margin in zip(problem.classes, a, strict=True) if margin > 0) + (M > 0)
    heads, H_rows, start = [], [], 0
    for t, K in enumerate(problem.classes):
        head = np.zeros((K, rank))
        if a[t] > 0:
            E, stop = simplex(K), start + K - 1
            head[:, start:stop] = math.sqrt(longer[t] * a[t]) * E
            H_rows.append((math.sqrt(a[t] / longer[t]) * E, t))
            start = stop
        if M > 0:
            head[:, -1] = along[t]
        heads.append(head)
    level = np.repeat(along, problem.classes)
    gram = direct_sum([g * x * simplex_gram(K) for g, x, K in zip(longer, a, problem.classes, strict=True)], 0.0)
    gram += np.outer(level, level)

    def features() -> Float:
        rows = [E[problem.labels[:, t]].T for E, t in H_rows]
        if M > 0:
            rows.append(np.full((1, len(problem.labels)), math.sqrt(M / root)))
        return np.concatenate([np.zeros((0, len(problem.labels))), *rows])

    def logits() -> Float:
        blocks = []
        for t, K in enumerate(problem.classes):
            block = np.full((K, len(problem.labels)), mu[t] - a[t] / K)
            block[problem.labels[:, t], np.arange(len(problem.labels))] = mu[t] + a[t] * (K - 1.0) / K
            blocks.append(block)
        return np.concatenate(blocks)

    weights = np.broadcast_to(1.0 / longer[:, None], (len(a), len(problem.labels))) if M == 0 else None
    return FeatureSpace(tuple(heads), features, logits, weights, gram, _cosines(gram))


def _cosines(gram: Float) -> Float:
    norms = np.sqrt(np.diagonal(gram))
    norms = np.where(norms > 0, norms, np.nan)
    cosines = gram / norms[:, None] / norms
    np.fill_diagonal(cosines, np.where(np.isnan(norms), np.nan, 1.0))
    return np.asarray(cosines)
