"""Claims on closed forms, evaluated formally, whether or not the theorem's hypotheses hold.

``theory.predict`` refuses if hypotheses fail; ``theory.unchecked`` does not check them. The paper's claims are for
cross-entropy without missing labels and say nothing elsewhere; ``closed_form`` covers every problem with a theorem.
"""

from __future__ import annotations

import math

import numpy as np

from theory import NotCovered, Prediction, Unchecked, predict, task_correlation_cosine, unchecked
from theory.reading import Reading
from theory.reading import read as read_for_theory
from verify.claims._claim import NOT_APPLICABLE, claim, of_angles, of_objective
from verify.claims.regime import cross_entropy, live_rows, objective
from verify.reading.read import At
from verify.reading.remembered import remembered
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
    """|closed form / F − 1|, with a_t = 0 past a threshold; NaN but for Problem (3) as the paper has it."""
    if not _of_theorem_3_1(at):
        return NOT_APPLICABLE
    return _relative(_of_paper(at).objective, objective(at))


@claim(
    "theorem_3_1_any_lambda",
    statement="min F as in Theorem 3.1 with a_t = log(½ √(c^t N K_t/(λ_H λ_W)) − (K_t−1)) for every λ",
    source="Theorem 3.1 without its hypothesis λ_H λ_W < c^t N/(4 K_t)",
    margin=OBJECTIVE,
    resolution=of_objective,
)
def theorem_3_1_any_lambda(at: At) -> float:
    """|closed form / F − 1|; NaN as ``theorem_3_1``, and where the logarithm's argument is not positive."""
    if not _of_theorem_3_1(at):
        return NOT_APPLICABLE
    return _relative(unchecked("3.1", _reading(at), thresholds=False).objective, objective(at))


@claim(
    "theorem_3_1_gram",
    statement="W^t W^tᵀ = √(λ_H/λ_W) √(N/(c^t K_t)) a_t (I − 11ᵀ/K_t), and W^s W^tᵀ = 0",
    source="Theorem 3.1 and B.2, the heads in closed form",
    resolution=of_angles,
)
def theorem_3_1_gram(at: At) -> float:
    """Largest entry of |W Wᵀ − closed form| over the largest of W Wᵀ; NaN as ``theorem_3_1``, or where W = 0."""
    if not _of_theorem_3_1(at):
        return NOT_APPLICABLE
    (part,) = at.samples
    measured = part.point.W @ part.point.W.T
    if not live_rows(part).any():
        return NOT_APPLICABLE
    (expected,) = _of_paper(at).grams
    return float(np.abs(measured - expected).max() / np.abs(measured).max())


@claim(
    "theorem_3_2",
    statement="min F = Σ_t c^t [ N_t log(1 + (K_t−1) e^{−a_t}) + τ (K_t−1) √n_t a_t ], n_t = N_t/K_t",
    source="Theorem 3.2, the minimum in closed form",
    margin=OBJECTIVE,
    resolution=of_objective,
)
def theorem_3_2(at: At) -> float:
    """|closed form / F − 1|, with a_t = 0 past a threshold; NaN but for Problem (4) with cross-entropy."""
    problem = at.problem
    if not own_features(problem) or not all(map(cross_entropy, at.forms)):
        return NOT_APPLICABLE
    return _relative(unchecked("3.2", problem).objective, objective(at))


@claim(
    "theorem_5_1_cosine",
    statement="cos(w_1^1, w_1^2) = (A(n_same) − A(n_diff))/(A(n_same) + A(n_diff)), A(n) = √n log(√(2n/(λ_Hλ_W)) − 1)",
    source="Theorem 5.1, eq. 31, with n_same and n_diff the means over label pairs that agree and that differ",
    resolution=of_angles,
)
def theorem_5_1_cosine(at: At) -> float:
    """|measured − closed form|, A = 0 past a threshold; NaN as ``theorem_3_1``, and but for two binary live heads."""
    problem = at.problem
    if not _of_theorem_3_1(at) or problem.classes != (2, 2):
        return NOT_APPLICABLE
    agree = problem.labels[:, 0] == problem.labels[:, 1]
    n_same, n_different = (problem.counts[which].sum() / 2.0 for which in (agree, ~agree))
    scale = problem.counts.sum() if problem.reduction == "mean" else 1.0  # of λ's beside the sum of cross-entropies
    expected = float(task_correlation_cosine(n_same, n_different, scale * problem.lambda_H, scale * problem.lambda_W))
    (part,) = at.samples
    w, v = (head[0] for head in at.heads)
    lengths = float(np.linalg.norm(w) * np.linalg.norm(v))
    if math.isnan(expected) or not live_rows(part).all():
        return NOT_APPLICABLE
    return abs(float(w @ v) / lengths - expected)


@claim(
    "closed_form",
    statement="min F is the closed form of the theorem that covers the problem, whatever its losses and bias",
    source="the theorems of docs/theory.md, through theory.predict",
    margin=OBJECTIVE,
    resolution=of_objective,
)
def closed_form(at: At) -> float:
    """|closed form / F − 1|; NaN where no theorem covers the problem."""
    found = prediction(at)
    return NOT_APPLICABLE if found is None else _relative(found.objective, objective(at))


@remembered
def prediction(at: At) -> Prediction | None:
    """``theory.predict`` of the problem; None if no theorem covers it."""
    try:
        return predict(_reading(at))
    except NotCovered:
        return None


@remembered
def _of_paper(at: At) -> Unchecked:
    """Theorem 3.1's numbers."""
    return unchecked("3.1", _reading(at))


@remembered
def _reading(at: At) -> Reading:
    """The problem, as the theorems read it."""
    return read_for_theory(at.problem)


def _of_theorem_3_1(at: At) -> bool:
    """Problem (3) with cross-entropy, no label missing."""
    return label_tuples(at.problem) and all(map(cross_entropy, at.forms))


def _relative(expected: float, measured: float) -> float:
    return abs(expected / measured - 1.0)
