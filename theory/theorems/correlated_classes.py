"""Theorem 5.1 with K classes: two correlated tasks, beyond the paper (docs/theory.md).

The margins α, s, t and singular values σ_s, σ_a are those of ``theory.margins.class_correlation`` at λ_Hλ_W/c, c the
weight of both tasks. With g = √(λ_H / (c λ_W)) σ for either part,

    W^s W^sᵀ = ½ (g_s + g_a) (I − 11ᵀ/K),   W^1 W^2ᵀ = ½ (g_s − g_a) (I − 11ᵀ/K)
    h^{k,k} = √(2/g_s) α (ẽ_k, 0),   h^{k,l} = ( s/√(2 g_s) (ẽ_k + ẽ_l), t/√(2 g_a) (ẽ_k − ẽ_l) )

in coordinates that the tasks share and in which they differ. σ_a = 0, parallel heads, exactly from

    λ_H λ_W ≥ (1 − ε)² c K n_d / 4

on; σ_s = 0, opposite heads, from (1 − ε)² c (2 n_s + (K−2) n_d) / 4 on where n_s ≥ n_d, and otherwise from the root of
a quartic in y = e^{−t/2} on. Each head is a simplex frame (SNC2). For K ≥ 3 features are weighted sums of their heads
(SNC4) only where one of the two parts is zero. SNC5 is of training features, whose centres have unequal norms.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.feature_space import FeatureSpace, Float, centred_labels, simplex, simplex_cosines, simplex_gram
from theory.hypotheses import Hypothesis, cross_entropy_of, holding, smoothed, spread
from theory.margins.class_correlation import ClassMargins, class_margins
from theory.margins.opposite_heads import opposite_threshold
from theory.margins.threshold import Threshold, margin_loss, threshold
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem

NAME = "Theorem 5.1 with K classes"
SHARED, DIFFERENCE = "what the heads share", "what the heads differ in"


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """Single source, T = 2, K_1 = K_2, c^1 = c^2, one count where the labels agree and one where they differ."""
    of_model = cross_entropy_of(reading, "single")
    if not holding(of_model):
        return of_model
    problem = reading.parts[0]
    classes, weights = problem.classes, problem.task_weights
    two = Hypothesis("two tasks", "T = 2", f"T = {len(classes)}", len(classes) == 2)
    if not two.holds:
        return (*of_model, two)
    equal = Hypothesis("equal classes", "K_1 = K_2", f"classes {classes[0]}, {classes[1]}", classes[0] == classes[1])
    alike = f"c = {weights[0]:g}, {weights[1]:g}"
    rows = (
        *of_model,
        two,
        equal,
        Hypothesis("equal task weights", "c^1 = c^2", alike, weights[0] == weights[1]),
    )
    return (*rows, _correlated(problem)) if equal.holds else rows


def _correlated(problem: SumProblem) -> Hypothesis:
    K = problem.classes[0]
    agree = problem.labels[:, 0] == problem.labels[:, 1]
    same, different = problem.counts[agree], problem.counts[~agree]
    distinct = len(np.unique(problem.labels[:, 0] * K + problem.labels[:, 1])) == len(problem.counts)
    found = [spread(n, of, where) for n, of, where in ((same, K, "agree"), (different, K * K - K, "differ")) if len(n)]
    return Hypothesis(
        "correlated",
        "n_s samples of every (k, k), n_d of every (k, l)",
        "; ".join(found),
        distinct and _constant(same, K) and _constant(different, K * (K - 1)),
    )


def _constant(counts: NDArray[np.int64], tuples: int) -> bool:
    """Every one of the tuples has the same count, tuples that are not listed none."""
    return not counts.any() or (len(counts) == tuples and bool(np.all(counts == counts[0])))


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    problem = reading.parts[0]
    K, c = problem.classes[0], problem.task_weights[0]
    agree = problem.labels[:, 0] == problem.labels[:, 1]
    n_same, n_different = (int(problem.counts[part].max(initial=0)) for part in (agree, ~agree))
    product = problem.product / Fraction(c)
    at = class_margins(K, n_same, n_different, product, problem.label_smoothing)
    return Prediction(
        theorem=smoothed(NAME, reading),
        citation="docs/theory.md, K classes",
        regime=_regime(at),
        within_theorem=False,
        thresholds=_thresholds(problem, n_same, n_different, at),
        hypotheses=checked,
        properties=_properties(K, n_same, n_different, at),
        objective=_objective(problem, n_same, n_different, at) / problem.divisor,
        required_dim=2 * K - 2,
        multi_source=False,
        every_feature=False,
        spaces=(_space(problem, at),),
    )


def _objective(problem: SumProblem, n_same: int, n_different: int, at: ClassMargins) -> float:
    K, c, epsilon = problem.classes[0], problem.task_weights[0], problem.label_smoothing
    same = 2 * n_same * K * margin_loss(K, at.alpha, epsilon)
    tail = math.exp(-at.t) + (K - 2) * math.exp(-(at.s + at.t) / 2)
    different = 2 * n_different * K * (K - 1) * math.log1p(tail)
    smoothing = n_different * (K - 1) * epsilon * ((K - 2) * at.s + K * at.t)
    return c * (same + different + smoothing) + problem.tau * math.sqrt(c) * (K - 1) * (at.sigma_s + at.sigma_a)


def _thresholds(problem: SumProblem, n_same: int, n_different: int, at: ClassMargins) -> tuple[Threshold, ...]:
    """Where σ_s and σ_a leave zero; the margins are σ_s/√(2 n_s + (K−2) n_d) and t, both a of z = a ẽ where K = 2."""
    K, c = problem.classes[0], Fraction(problem.task_weights[0])
    weight = 2 * n_same + (K - 2) * n_different
    rms = at.sigma_s / math.sqrt(weight) if weight > 0 else 0.0
    if n_same >= n_different or K == 2:
        shared = threshold(SHARED, K, c * weight / 4, problem, margin=rms)
    else:
        value = float(c) * opposite_threshold(K, n_same, n_different, problem.label_smoothing)
        shared = threshold(SHARED, K, Fraction(value), problem, margin=rms)
        shared = replace(shared, value=value / problem.divisor**2)
    difference = threshold(DIFFERENCE, K, c * K * n_different / 4, problem, margin=at.t)
    return replace(shared, below=at.sigma_s > 0), replace(difference, below=at.sigma_a > 0)


def _space(problem: SumProblem, at: ClassMargins) -> FeatureSpace:
    K = problem.classes[0]
    scale = problem.balance(1 / Fraction(problem.task_weights[0]))
    g_s, g_a = scale * at.sigma_s, scale * at.sigma_a
    E = simplex(K)
    shared, apart = ([math.sqrt(g / 2) * E] if g > 0 else [np.zeros((K, 0))] for g in (g_s, g_a))
    k, m = problem.labels.T
    agree = k == m

    def features() -> Float:
        """x in the shared coordinates, y in the others."""
        x = np.where(agree, at.alpha, at.s / 2) / math.sqrt(g_s / 2) if g_s > 0 else 0.0
        y = np.where(agree, 0.0, at.t / 2) / math.sqrt(g_a / 2) if g_a > 0 else 0.0
        shared_part = x * np.where(agree, E[k].T, E[k].T + E[m].T) if g_s > 0 else np.zeros((0, len(k)))
        return np.concatenate([shared_part, y * (E[k] - E[m]).T if g_a > 0 else np.zeros((0, len(k)))])

    def logits() -> Float:
        own, other = np.where(agree, at.alpha, (at.s + at.t) / 2), np.where(agree, 0.0, (at.s - at.t) / 2)
        first, second = centred_labels(K, k), centred_labels(K, m)
        return np.concatenate([own * first + other * second, own * second + other * first])

    cosine = at.cosine
    own = math.nan if math.isnan(cosine) else 1.0
    between = np.array([[own, cosine], [cosine, own]])
    return FeatureSpace(
        heads=(np.hstack([*shared, *apart]), np.hstack([*shared, *(-part for part in apart)])),
        make_features=features,
        make_logits=logits,
        feature_weights=_feature_weights(K, agree, at, g_s, g_a),
        gram=np.asarray(np.kron(0.5 * np.array([[g_s + g_a, g_s - g_a], [g_s - g_a, g_s + g_a]]), simplex_gram(K))),
        cosines=np.asarray(np.kron(between, simplex_cosines(K))),
    )


def _feature_weights(K: int, agree: NDArray[np.bool_], at: ClassMargins, g_s: float, g_a: float) -> Float | None:
    """(2, columns) where features are sums of their heads: K = 2, or one of the two parts zero."""
    if K > 2 and g_s > 0 and g_a > 0:
        return None
    where_agree = at.alpha / g_s if g_s > 0 else 0.0
    where_differ = at.t / g_a if g_a > 0 else at.s / g_s if g_s > 0 else 0.0
    return np.broadcast_to(np.where(agree, where_agree, where_differ), (2, len(agree)))


def _regime(at: ClassMargins) -> str:
    if at.sigma_s > 0 and at.sigma_a > 0:
        return "heads neither parallel nor opposite"
    if at.sigma_s > 0:
        return "rank K − 1: heads parallel, what they differ in past its threshold"
    if at.sigma_a > 0:
        return "rank K − 1: heads opposite, what they share past its threshold"
    return "zero"


def _properties(K: int, n_same: int, n_different: int, at: ClassMargins) -> tuple[str, ...]:
    """SNC5, on training features, is that the heads decide rightly: each feature is its own label's centre."""
    if at.sigma_s == 0 and at.sigma_a == 0:
        return ("SNC1",)
    sums = ("SNC4",) if K == 2 or at.sigma_s == 0 or at.sigma_a == 0 else ()
    right = (n_same == 0 or at.alpha > 0) and (n_different == 0 or (at.t > 0 and at.s + at.t > 0))
    return ("SNC1", "SNC2", *sums, *(("SNC5",) if right else ()))
