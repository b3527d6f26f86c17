"""Theorem 5.1: two correlated binary tasks, single source.

n_s samples at each of the labels (1,1), (2,2) that agree, n_d at each of (1,2), (2,1). Both tasks have the same margin
on a label tuple, z^t = a (e_{k_t} − 1/2) with a = a_s or a_d, and the two pairs of labels decouple:

    a(n) = log( √(2n / (λ_H λ_W)) − 1 )   if λ_H λ_W < n/2, else 0
    min F = Σ_{n = n_s, n_d} [ 4 n log(1 + e^{−a(n)}) + τ √(2n) · a(n) ],   τ = 2 √(λ_H λ_W)
    ‖w_{k1}^1 + w_{k2}^2‖² = √(2 λ_H n / λ_W) a(n)                                                    (eq. 31)
    √(2 λ_H n / λ_W) h^{k1,k2} = w_{k1}^1 + w_{k2}^2                                                  (eq. 29)

With label smoothing ε (beyond the paper: docs/theory.md) e^{a(n)} + 1 = 1/r, r = ε/2 + √(λ_H λ_W / (2n)), the threshold
is (1 − ε)² n/2, and the loss in min F the smoothed one.

λ's multiply beside the SUM of cross-entropies. Beyond the paper: the rarer pair of labels at or above its threshold
has zero features and parallel heads, of cosine 1, or −1 where the rarer pair is the one that agrees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.feature_space import FeatureSpace, Float, summed_heads
from theory.hypotheses import Hypothesis, cross_entropy_of, holding, smoothed
from theory.margins.task_correlation import cosine_from_margins
from theory.margins.threshold import Threshold, margin_loss, threshold
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem

NAME = "Theorem 5.1"


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """Single source, T = 2, K = 2, c = 1, task-balanced; the thresholds are not hypotheses of coverage."""
    of_model = cross_entropy_of(reading, "single")
    if not holding(of_model):
        return of_model
    problem = reading.parts[0]
    classes, weights = problem.classes, problem.task_weights
    rows = (
        *of_model,
        Hypothesis("two tasks", "T = 2", f"T = {len(classes)}", len(classes) == 2),
        Hypothesis("binary tasks", "K_t = 2", f"classes {_brief(classes)}", set(classes) == {2}),
        Hypothesis(
            "equal task weights", "c^t = 1", f"c = {_brief([f'{c:g}' for c in weights])}", set(weights) == {1.0}
        ),
    )
    return (*rows, _task_balanced(problem)) if classes == (2, 2) else rows


def _task_balanced(problem: SumProblem) -> Hypothesis:
    n = _dense(problem)
    return Hypothesis(
        "task-balanced",
        "n^{11} = n^{22} and n^{12} = n^{21}",
        f"n^{{11}} = {n[0, 0]:,}, n^{{22}} = {n[1, 1]:,}, n^{{12}} = {n[0, 1]:,}, n^{{21}} = {n[1, 0]:,}",
        bool(n[0, 0] == n[1, 1] and n[0, 1] == n[1, 0]),
    )


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    problem = reading.parts[0]
    n_same, n_different = (int(n) for n in _dense(problem)[0])
    same = threshold("labels that agree", 2, Fraction(n_same, 2), problem)
    different = threshold("labels that differ", 2, Fraction(n_different, 2), problem)
    objective = _objective(problem, n_same, same.margin) + _objective(problem, n_different, different.margin)
    return Prediction(
        theorem=smoothed(NAME, reading),
        citation="Theorem 5.1, eqs. 29 and 31",
        regime=_regime(same, different),
        within_theorem=same.below and different.below and reading.label_smoothing == 0,
        thresholds=(same, different),
        hypotheses=checked,
        properties=_properties(same, different),
        objective=objective / problem.divisor,
        required_dim=2,
        multi_source=False,
        every_feature=False,  # the centres have unequal norms
        spaces=(_space(problem, n_same, n_different, same.margin, different.margin),),
    )


def _objective(problem: SumProblem, n: int, a: float) -> float:
    """4 n log(1 + e^{−a}) + τ √(2n) a: two tuples with n samples each, two tasks, one singular value √(2n) a."""
    return 4 * n * margin_loss(2, a, problem.label_smoothing) + problem.tau * math.sqrt(2 * n) * a


def _space(problem: SumProblem, n_same: int, n_different: int, a_same: float, a_different: float) -> FeatureSpace:
    """Heads ± (p, q) and ± (p, −q): 4 p² and 4 q² are eq. 31 for the labels that agree and that differ."""
    longer = problem.balance()
    p = math.sqrt(longer * math.sqrt(2 * n_same) * a_same) / 2
    q = math.sqrt(longer * math.sqrt(2 * n_different) * a_different) / 2
    used = np.array([p > 0, q > 0])
    sign = np.array([[1.0], [-1.0]])
    agree = problem.labels[:, 0] == problem.labels[:, 1]
    counts = np.maximum(np.where(agree, n_same, n_different), 1)  # a tuple without samples has no feature to scale
    weights = 1.0 / (longer * np.sqrt(2.0 * counts))
    cosine = float(cosine_from_margins(n_same, n_different, a_same, a_different, problem.label_smoothing))
    squared_norm = p * p + q * q
    return summed_heads(
        labels=problem.labels,
        heads=(sign * np.array([p, q])[used], sign * np.array([p, -q])[used]),
        feature_weights=np.broadcast_to(weights, (2, len(weights))),
        margins=np.broadcast_to(np.where(agree, a_same, a_different), (2, len(weights))),
        gram=squared_norm * _antipodal(cosine) if squared_norm > 0 else np.zeros((4, 4)),
        cosines=_antipodal(cosine) if squared_norm > 0 else np.full((4, 4), np.nan),
    )


def _antipodal(cosine: float) -> Float:
    """(4, 4) cosines of two tasks with w_2 = −w_1 each and cos(w_1^1, w_1^2) = cosine."""
    heads = np.array([[1.0, cosine], [cosine, 1.0]])
    return np.kron(heads, np.array([[1.0, -1.0], [-1.0, 1.0]]))


def _regime(same: Threshold, different: Threshold) -> str:
    if same.below and different.below:
        return "both pairs of labels below threshold"
    if same.below:
        return "rank one: heads parallel, labels that differ past their threshold"
    if different.below:
        return "rank one: heads opposite, labels that agree past their threshold"
    return "zero"


def _properties(same: Threshold, different: Threshold) -> tuple[str, ...]:
    """Features of labels past their threshold are zero, and zero ties all classes: no SNC5 there."""
    if same.below and different.below:
        return ("SNC1", "SNC2", "SNC4", "SNC5")
    if same.below or different.below:
        return ("SNC1", "SNC2", "SNC4")
    return ("SNC1",)


def _dense(problem: SumProblem) -> NDArray[np.int64]:
    """(2, 2) counts n^{k1,k2}."""
    n = np.zeros((2, 2), dtype=np.int64)
    np.add.at(n, tuple(problem.labels.T), problem.counts)
    return n


def _brief(values: Sequence[object]) -> str:
    """Comma-separated, at most six."""
    return ", ".join(map(str, values[:6])) + (", …" if len(values) > 6 else "")
