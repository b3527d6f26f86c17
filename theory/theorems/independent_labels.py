"""Label sets with uncorrelated labels under binary cross-entropy: K binary tasks (beyond the paper: docs/theory.md).

Every label is in half of the samples, every pair in a quarter, as where all 2^K sets are equally frequent. With the
signs s_S = 2·1_S − 1, rows of which are orthogonal and sum to zero over samples,

    z_S = a s_S,  b = 0,   a = log( √(cN)/τ − 1 )  if λ_H λ_W < cN/16, else 0,   τ = 2 √(λ_H λ_W)
    min F = K [ cN log(1 + e^{−a}) + τ √(cN) a ],   W Wᵀ = √(λ_H/λ_W) √(N/c) a I,   h_S = √(λ_W/λ_H) √(c/N) Σ_k s_k w_k

A head of one sigmoid is two opposite heads of softmax: these are Theorem 3.1's numbers for K tasks of two classes with
penalties 2λ_W and 2λ_b in place of λ_W and λ_b.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from theory.feature_space import FeatureSpace, Float
from theory.hypotheses import Hypothesis, holding, loss_is, source_is
from theory.margins.balanced_targets import label_pairs
from theory.margins.threshold import Threshold, threshold
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem

NAME = "K binary tasks"
LOSS = "binary-cross-entropy"


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """Label sets, binary cross-entropy, hard labels, every label in N/2 samples and every pair in N/4."""
    source = source_is(reading, "multilabel")
    if not source.holds:
        return (source,)
    epsilon = reading.label_smoothing
    hard = Hypothesis("hard labels", "label_smoothing = 0", f"label_smoothing = {epsilon:g}", epsilon == 0)
    rows = (source, loss_is(reading, LOSS), hard)
    return (*rows, _uncorrelated(reading.parts[0])) if holding(rows) else rows


def _uncorrelated(problem: SumProblem) -> Hypothesis:
    statement = "every label is in N/2 samples, every pair of labels in N/4"
    pairs, N = label_pairs(problem), problem.samples
    if pairs is None:
        return Hypothesis("uncorrelated labels", statement, "labels, or pairs of them, are not equally frequent", False)
    own, both = pairs
    found = f"{own:,} and {both:,} of N = {N:,}"
    return Hypothesis("uncorrelated labels", statement, found, 2 * own == N and 4 * both == N)


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    problem = reading.parts[0]
    K, c, N = problem.classes[0], problem.task_weights[0], problem.samples
    row = threshold("labels", 2, Fraction(c) * N / 16, problem)
    a = row.margin
    fit = c * N * math.log1p(math.exp(-a)) + problem.tau * math.sqrt(c * N) * a
    return Prediction(
        theorem=NAME,
        citation="Theorem 3.1 with a sigmoid for two opposite heads; docs/theory.md",
        regime="zero" if a == 0 else "all labels below threshold",
        within_theorem=False,
        thresholds=(row,),
        hypotheses=checked,
        properties=("NC1",),
        objective=K * fit / problem.divisor,
        required_dim=K,
        multi_source=False,
        every_feature=False,
        spaces=(_space(problem, row),),
    )


def _space(problem: SumProblem, row: Threshold) -> FeatureSpace:
    K, a = problem.classes[0], row.margin
    longer = problem.balance(problem.samples / Fraction(problem.task_weights[0]))
    length, width = math.sqrt(longer * a), K if a > 0 else 0
    signs: Float = np.asarray(2.0 * problem.labels.T - 1.0, dtype=np.float64)
    return FeatureSpace(
        heads=(length * np.eye(K, width),),
        make_features=lambda: np.asarray(length / longer * signs[:width]),
        make_logits=lambda: np.asarray(a * signs),
        feature_weights=None,
        gram=longer * a * np.eye(K),
        cosines=np.eye(K) if a > 0 else np.full((K, K), np.nan),
    )
