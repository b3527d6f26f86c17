"""Claims on closed forms, evaluated formally: whether or not the theorem's hypotheses hold.

Written from the paper's formulas a second time, since ``theory.predict`` rightly refuses where hypotheses fail. λ's of
``reduction="mean"`` are N times as large beside the sum.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from verify.claims._claim import NOT_APPLICABLE, claim, of_angles, of_objective
from verify.claims.regime import live_rows, objective
from verify.reading.form import Float
from verify.reading.read import At
from verify.reading.sources import label_tuples, own_features

OBJECTIVE = 1e-6  # relative: a certificate of 1e-12 pins the minimum a million times closer


@claim(
    "theorem_3_1",
    statement="min F = Σ_t [ c^t N log(1 + (K_t−1) e^{−a_t}) + τ (K_t−1) √(c^t N/K_t) a_t ], a_t ≥ 0 as in Theorem 3.1",
    source="Theorem 3.1 and B.2, the minimum in closed form",
    margin=OBJECTIVE,
    resolution=of_objective,
)
def theorem_3_1(at: At) -> float:
    """|closed form / F − 1|, with a_t = 0 past a threshold; NaN but for Problem (3)."""
    problem = at.problem
    if not label_tuples(problem):
        return NOT_APPLICABLE
    return _relative(_minimum_3_1(problem, [max(0.0, a) for a in _margins(problem)]), objective(at))


@claim(
    "theorem_3_1_any_lambda",
    statement="min F as in Theorem 3.1 with a_t = log(½ √(c^t N K_t/(λ_H λ_W)) − (K_t−1)) for every λ",
    source="Theorem 3.1 without its hypothesis λ_H λ_W < c^t N/(4 K_t)",
    margin=OBJECTIVE,
    resolution=of_objective,
)
def theorem_3_1_any_lambda(at: At) -> float:
    """|closed form / F − 1|; NaN but for Problem (3), and where the logarithm's argument is not positive."""
    problem = at.problem
    if not label_tuples(problem):
        return NOT_APPLICABLE
    margins = _margins(problem)
    if not np.isfinite(margins).all():
        return NOT_APPLICABLE
    return _relative(_minimum_3_1(problem, margins), objective(at))


@claim(
    "theorem_3_1_gram",
    statement="W^t W^tᵀ = √(λ_H/λ_W) √(N/(c^t K_t)) a_t (I − 11ᵀ/K_t), and W^s W^tᵀ = 0",
    source="Theorem 3.1 and B.2, the heads in closed form",
    resolution=of_angles,
)
def theorem_3_1_gram(at: At) -> float:
    """Largest entry of |W Wᵀ − closed form| over the largest of W Wᵀ; NaN but for Problem (3), or where W = 0."""
    problem = at.problem
    if not label_tuples(problem):
        return NOT_APPLICABLE
    (part,) = at.samples
    measured = part.point.W @ part.point.W.T
    if not live_rows(part).any():
        return NOT_APPLICABLE
    N, expected = _samples(problem), np.zeros_like(measured)
    scale = math.sqrt(problem.lambda_H / problem.lambda_W)
    tasks = zip(part.form.blocks, problem.classes, problem.task_weights, _margins(problem), strict=True)
    for rows, K, c, a in tasks:
        expected[rows, rows] = scale * math.sqrt(N / (c * K)) * max(0.0, a) * (np.eye(K) - 1.0 / K)
    return float(np.abs(measured - expected).max() / np.abs(measured).max())


@claim(
    "theorem_3_2",
    statement="min F = Σ_t c^t [ N_t log(1 + (K_t−1) e^{−a_t}) + τ (K_t−1) √n_t a_t ], n_t = N_t/K_t",
    source="Theorem 3.2, the minimum in closed form",
    margin=OBJECTIVE,
    resolution=of_objective,
)
def theorem_3_2(at: At) -> float:
    """|closed form / F − 1|, with a_t = 0 past a threshold; NaN but for Problem (4)."""
    problem = at.problem
    if not own_features(problem):
        return NOT_APPLICABLE
    total = 0.0
    for K, c, counts in zip(problem.classes, problem.task_weights, problem.counts, strict=True):
        N = float(np.sum(counts))
        scale = _scale(problem, N)
        tau = 2.0 * scale * math.sqrt(problem.lambda_H * problem.lambda_W)
        a = max(0.0, _margin(K, math.sqrt(N * K) / tau))
        total += c * (N * math.log1p((K - 1) * math.exp(-a)) + tau * (K - 1) * math.sqrt(N / K) * a) / scale
    return _relative(total, objective(at))


@claim(
    "theorem_5_1_cosine",
    statement="cos(w_1^1, w_1^2) = (A(n_same) − A(n_diff))/(A(n_same) + A(n_diff)), A(n) = √n log(√(2n/(λ_Hλ_W)) − 1)",
    source="Theorem 5.1, eq. 31, with n_same and n_diff the means over label pairs that agree and that differ",
    resolution=of_angles,
)
def theorem_5_1_cosine(at: At) -> float:
    """|measured − closed form|, A = 0 past a threshold; NaN but for two binary tasks, and where all heads are 0."""
    problem = at.problem
    if not label_tuples(problem) or problem.classes != (2, 2):
        return NOT_APPLICABLE
    agree = problem.labels[:, 0] == problem.labels[:, 1]
    product = _scale(problem, _samples(problem)) ** 2 * problem.lambda_H * problem.lambda_W
    A_same, A_different = (_A(float(problem.counts[which].sum()) / 2.0, product) for which in (agree, ~agree))
    (part,) = at.samples
    w, v = (head[0] for head in at.heads)
    lengths = float(np.linalg.norm(w) * np.linalg.norm(v))
    if A_same + A_different == 0 or not live_rows(part).all():
        return NOT_APPLICABLE
    return abs(float(w @ v) / lengths - (A_same - A_different) / (A_same + A_different))


def _A(n: float, product: float) -> float:
    """√n log(√(2n/(λ_Hλ_W)) − 1), 0 from λ_Hλ_W = n/2 on."""
    return math.sqrt(n) * math.log(math.sqrt(2.0 * n / product) - 1.0) if product < n / 2.0 else 0.0


def _samples(problem: Any) -> float:
    return float(np.sum(problem.counts))


def _scale(problem: Any, samples: float) -> float:
    """What multiplies the λ's beside the sum of cross-entropies."""
    return samples if problem.reduction == "mean" else 1.0


def _tau(problem: Any) -> float:
    return 2.0 * _scale(problem, _samples(problem)) * math.sqrt(problem.lambda_H * problem.lambda_W)


def _margins(problem: Any) -> list[float]:
    """a_t of Theorem 3.1 without regard to the threshold: negative past it, −∞ where the logarithm has no value."""
    N, tau = _samples(problem), _tau(problem)
    tasks = zip(problem.classes, problem.task_weights, strict=True)
    return [_margin(K, math.sqrt(c * N * K) / tau) for K, c in tasks]


def _margin(classes: int, root: float) -> float:
    """log(root − (K − 1))."""
    return math.log(root - (classes - 1)) if root > classes - 1 else -math.inf


def _minimum_3_1(problem: Any, margins: list[float]) -> float:
    N, tau = _samples(problem), _tau(problem)
    tasks = zip(problem.classes, problem.task_weights, margins, strict=True)
    terms: list[Float] = [
        c * N * np.log1p((K - 1) * np.exp(-a)) + tau * (K - 1) * np.sqrt(c * N / K) * a for K, c, a in tasks
    ]
    return math.fsum(terms) / _scale(problem, N)


def _relative(expected: float, measured: float) -> float:
    return abs(expected / measured - 1.0)
