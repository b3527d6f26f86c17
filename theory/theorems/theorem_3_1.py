"""Theorem 3.1 and its general form B.2: label-balanced single-source multi-task classification.

Every label tuple has n samples, N = n Π K_t. Logits z^t = a_t (e_{k_t} − 1/K_t) decouple the tasks:

    a_t = log( ½ √(c^t N K_t / (λ_H λ_W)) − (K_t − 1) )   if λ_H λ_W < c^t N / (4 K_t), else 0
    min F = Σ_t [ c^t N log(1 + (K_t − 1) e^{−a_t}) + τ (K_t − 1) √(c^t N / K_t) a_t ],   τ = 2 √(λ_H λ_W)
    W^t W^tᵀ = √(λ_H / λ_W) √(N / (c^t K_t)) a_t (I − 11ᵀ/K_t),   W^s W^tᵀ = 0
    h = √(λ_W / (N λ_H)) Σ_t √(c^t K_t) w_{k_t}^t                                                  (eqs. 14, 17)

With label smoothing ε (beyond the paper: docs/theory.md) ε/K_t + √(4 λ_H λ_W / (c^t N K_t)) is the probability of each
wrong class, the threshold is (1 − ε)² as large, and the loss in min F the smoothed one.

λ's multiply beside the SUM of cross-entropies. A task at or above its threshold has a zero head while the others keep
theirs: the paper states the case where all are below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from theory.feature_space import (
    FeatureSpace,
    Float,
    direct_sum,
    simplex,
    simplex_cosines,
    simplex_gram,
    summed_heads,
)
from theory.hypotheses import Hypothesis, cross_entropy_of, holding, smoothed, spread
from theory.margins.threshold import Threshold, formal_margin, margin_loss, tasks_regime, threshold
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem

NAME = "Theorem 3.1"


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """Single source, label-balanced; the thresholds are not hypotheses of coverage."""
    rows = cross_entropy_of(reading, "single")
    return (*rows, _label_balanced(reading.parts[0])) if holding(rows) else rows


def _label_balanced(problem: SumProblem) -> Hypothesis:
    tuples = math.prod(problem.classes)
    balanced = len(problem.counts) == tuples and bool((problem.counts == problem.counts[0]).all())
    if balanced:  # as many rows as tuples: each once, unless one is there twice and another not
        index = np.ravel_multi_index(tuple(problem.labels.T), problem.classes)
        balanced = bool(np.bincount(index, minlength=tuples).all())
    return Hypothesis(
        "label-balanced",
        "every one of the Π K_t label tuples has the same number n of samples",
        spread(problem.counts, tuples, "tuples"),
        balanced,
    )


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    problem = reading.parts[0]
    tasks = enumerate(zip(problem.classes, _hard_thresholds(problem), strict=True), start=1)
    rows = tuple(threshold(f"task {t}", K, hard, problem) for t, (K, hard) in tasks)
    within = all(row.below for row in rows)
    special = len(set(problem.classes)) == 1 and all(c == 1 for c in problem.task_weights)
    return Prediction(
        theorem=smoothed("Theorem 3.1" if special else "Theorem B.2", reading),
        citation=_citation(problem, special),
        regime=tasks_regime(rows),
        within_theorem=within and reading.label_smoothing == 0,
        thresholds=rows,
        hypotheses=checked,
        properties=_properties(rows),
        objective=minimum(problem, [row.margin for row in rows]),
        required_dim=sum(problem.classes) - len(problem.classes),
        multi_source=False,
        every_feature=True,
        spaces=(_space(problem, rows),),
    )


def _citation(problem: SumProblem, special: bool) -> str:
    """One task is the case that Zhu et al. prove ("A Geometric Analysis of Neural Collapse with …", NeurIPS 2021)."""
    citation = "Theorem 3.1, eq. 14" if special else "Appendix B.2, eq. 17"
    return f"{citation}, with T = 1 (Zhu et al. 2021, Theorem 3.1)" if len(problem.classes) == 1 else citation


def _hard_thresholds(problem: SumProblem) -> list[Fraction]:
    """(T,) c^t N / (4 K_t)."""
    tasks = zip(problem.classes, map(float.as_integer_ratio, problem.task_weights), strict=True)
    return [Fraction(n * problem.samples, d * 4 * K) for K, (n, d) in tasks]


def margins(problem: SumProblem) -> list[float]:
    """(T,) a_t without regard to thresholds: negative past them, −∞ where the logarithm has no value."""
    tasks = zip(problem.classes, _hard_thresholds(problem), strict=True)
    return [formal_margin(K, hard, problem) for K, hard in tasks]


def minimum(problem: SumProblem, a: Sequence[float]) -> float:
    """min F for margins a (T,), in the problem's reduction; NaN where one is not finite."""
    tasks = list(zip(problem.classes, problem.task_weights, a, strict=True))
    if not all(map(math.isfinite, a)):
        return math.nan
    return math.fsum(_objective(problem, *task) for task in tasks) / problem.divisor


def gram(problem: SumProblem, a: Sequence[float] | Float) -> Float:
    """(R, R) W Wᵀ for margins a (T,)."""
    return _gram(problem.classes, _longer(problem) * np.asarray(a))


def _gram(classes: tuple[int, ...], scales: Float) -> Float:
    """(R, R) W Wᵀ for scales (T,) √(λ_H / λ_W) √(N / (c^t K_t)) a_t."""
    return direct_sum([g * simplex_gram(k) for g, k in zip(scales, classes, strict=True)], 0.0)


def _longer(problem: SumProblem) -> Float:
    """(T,) √(λ_H / λ_W) √(N / (c^t K_t)), by which heads are longer than what they give to features."""
    tasks = zip(problem.classes, map(float.as_integer_ratio, problem.task_weights), strict=True)
    return np.array([problem.balance(Fraction(problem.samples * d, n * K)) for K, (n, d) in tasks])


def _objective(problem: SumProblem, K: int, c: float, a: float) -> float:
    """c^t N log(1 + (K_t − 1) e^{−a_t}) + τ (K_t − 1) √(c^t N / K_t) a_t."""
    N = problem.samples
    fit = c * N * margin_loss(K, a, problem.label_smoothing)
    return fit + problem.tau * (K - 1) * math.sqrt(c * N / K) * a


def _space(problem: SumProblem, rows: tuple[Threshold, ...]) -> FeatureSpace:
    a = np.array([row.margin for row in rows])
    longer = _longer(problem)
    scale, weights = longer * a, 1.0 / longer
    columns = len(problem.labels)
    return summed_heads(
        labels=problem.labels,
        heads=_orthogonal_heads(problem.classes, scale),
        feature_weights=np.broadcast_to(weights[:, None], (len(a), columns)),
        margins=np.broadcast_to(a[:, None], (len(a), columns)),
        gram=_gram(problem.classes, scale),
        cosines=_cosines(problem.classes, scale),
    )


def _orthogonal_heads(classes: tuple[int, ...], scale: Float) -> tuple[Float, ...]:
    """Simplex ETFs with W^t W^tᵀ = scale_t (I − 11ᵀ/K_t), each in coordinates of its own; none where it is zero."""
    rank = sum(k - 1 for k, g in zip(classes, scale, strict=True) if g > 0)
    heads = []
    start = 0
    for k, g in zip(classes, scale, strict=True):
        head = np.zeros((k, rank))
        if g > 0:
            head[:, start : start + k - 1] = math.sqrt(g) * simplex(k)
            start += k - 1
        heads.append(head)
    return tuple(heads)


def _cosines(classes: tuple[int, ...], scale: Float) -> Float:
    cosines = direct_sum([simplex_cosines(k) for k in classes], 0.0)
    if not scale.all():
        zero = np.repeat(scale == 0, classes)
        cosines[zero, :] = np.nan
        cosines[:, zero] = np.nan
    return cosines


def _properties(rows: tuple[Threshold, ...]) -> tuple[str, ...]:
    """A zero head ties all its classes, so SNC5 needs every task below its threshold."""
    if all(row.below for row in rows):
        return ("SNC1", "SNC2", "SNC3", "SNC4", "SNC5")
    if any(row.below for row in rows):
        return ("SNC1", "SNC2", "SNC3", "SNC4")
    return ("SNC1",)
