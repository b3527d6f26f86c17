"""Theorem 3.2: class-balanced multi-source multi-task classification.

Every task alone, n_t samples per class; c^t multiplies the whole of task t and changes no minimizer:

    a_t = log( (K_t/2) √(n_t / (λ_H λ_W)) − (K_t − 1) )   if λ_H λ_W < n_t / 4, else 0
    min F = Σ_t c^t [ K_t n_t log(1 + (K_t − 1) e^{−a_t}) + τ (K_t − 1) √n_t a_t ],   τ = 2 √(λ_H λ_W)
    W^t W^tᵀ = √(λ_H n_t / λ_W) a_t (I − 11ᵀ/K_t)
    √(λ_H n_t / λ_W) h_k^t = w_k^t                                                                     (eq. 23)

With label smoothing ε (beyond the paper: docs/theory.md) the probability of each wrong class is ε/K_t above the one
these margins have, the threshold (1 − ε)² as large, and the loss in min F the smoothed one.

λ's multiply beside the SUM of cross-entropies; under means task t has its own, N_t times as large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from theory.feature_space import FeatureSpace, Float, simplex, simplex_cosines, simplex_gram, summed_heads
from theory.hypotheses import Hypothesis, cross_entropy_of, holding, smoothed, spread
from theory.margins.threshold import Threshold, formal_margin, margin_loss, tasks_regime, threshold
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem

NAME = "Theorem 3.2"


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """Multi source, every task class-balanced; the thresholds are not hypotheses of coverage."""
    rows = cross_entropy_of(reading, "multi")
    if not holding(rows):
        return rows
    balanced = tuple(_class_balanced(t, task) for t, task in enumerate(reading.parts, start=1))
    failing = tuple(row for row in balanced if not row.holds)
    everywhere = Hypothesis("class-balanced", "every task has as many samples of each class", "in every task", True)
    return (*rows, *(failing or (everywhere,)))


def _class_balanced(t: int, task: SumProblem) -> Hypothesis:
    K = task.classes[0]
    once_each = np.array_equal(np.sort(task.labels[:, 0]), np.arange(K))
    return Hypothesis(
        "class-balanced",
        f"task {t} has the same number n_t of samples of each class",
        f"task {t}: {spread(task.counts, K, 'classes')}",
        once_each and bool(np.all(task.counts == task.counts[0])),
    )


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    rows = tuple(
        threshold(f"task {t}", task.classes[0], _hard_threshold(task), task)
        for t, task in enumerate(reading.parts, start=1)
    )
    tasks = list(zip(reading.parts, rows, strict=True))
    return Prediction(
        theorem=smoothed(NAME, reading),
        citation="Theorem 3.2, eq. 23",
        regime=tasks_regime(rows),
        within_theorem=all(row.below for row in rows) and reading.label_smoothing == 0,
        thresholds=rows,
        hypotheses=checked,
        properties=_properties(rows),
        objective=minimum(reading.parts, [row.margin for row in rows]),
        required_dim=max(task.classes[0] for task in reading.parts) - 1,
        multi_source=True,
        every_feature=True,
        spaces=tuple(_space(task, row.margin) for task, row in tasks),
    )


def _hard_threshold(task: SumProblem) -> Fraction:
    """n_t / 4, n_t = N_t/K_t."""
    return Fraction(task.samples, 4 * task.classes[0])


def margin(task: SumProblem) -> float:
    """a_t without regard to the threshold: negative past it, −∞ where the logarithm has no value."""
    return formal_margin(task.classes[0], _hard_threshold(task), task)


def minimum(tasks: Sequence[SumProblem], margins: Sequence[float]) -> float:
    """min F for margins (T,), in the problem's reduction; NaN where one is not finite."""
    if not all(map(math.isfinite, margins)):
        return math.nan
    pairs = zip(tasks, margins, strict=True)
    return math.fsum(task.task_weights[0] * _objective(task, a) / task.divisor for task, a in pairs)


def gram(task: SumProblem, a: float) -> Float:
    """(K, K) W Wᵀ of one task for its margin."""
    return _duality(task) * a * simplex_gram(task.classes[0])


def _duality(task: SumProblem) -> float:
    """√(λ_H n / λ_W), by which features are shorter than heads."""
    return task.balance(Fraction(task.samples, task.classes[0]))


def _objective(task: SumProblem, a: float) -> float:
    """K n log(1 + (K − 1) e^{−a}) + τ (K − 1) √n a, of one task without its weight."""
    K, N = task.classes[0], task.samples
    return N * margin_loss(K, a, task.label_smoothing) + task.tau * (K - 1) * math.sqrt(N / K) * a


def _space(task: SumProblem, a: float) -> FeatureSpace:
    K, duality = task.classes[0], _duality(task)
    scale = duality * a
    return summed_heads(
        labels=task.labels,
        heads=(math.sqrt(scale) * simplex(K) if a > 0 else np.zeros((K, 0)),),
        feature_weights=np.full((1, K), 1.0 / duality),
        margins=np.full((1, K), a),
        gram=scale * simplex_gram(K),
        cosines=simplex_cosines(K) if a > 0 else np.full((K, K), np.nan),
    )


def _properties(rows: tuple[Threshold, ...]) -> tuple[str, ...]:
    """A zero head ties all its classes, so MNC4, the nearest class centre, needs every task below its threshold."""
    if all(row.below for row in rows):
        return ("MNC1", "MNC2", "MNC3", "MNC4")
    if any(row.below for row in rows):
        return ("MNC1", "MNC2", "MNC3")
    return ("MNC1",)
