"""Squared error: the weighted targets with shrunk singular values, whatever the counts, weights and tasks.

With Ỹ = diag(√c) Y diag(√n) = Σ s_i u_i v_iᵀ, less its mean Ỹ vvᵀ, v = √(n/N), where there is a bias:

    Z̃ = Σ_i (s_i − τ)₊ u_i v_iᵀ,    min F = Σ_i [ ½ min(s_i, τ)² + τ (s_i − τ)₊ ],    τ = 2 √(λ_H λ_W)
    W̃W̃ᵀ = √(λ_H/λ_W) Σ_i (s_i − τ)₊ u_i u_iᵀ,    H = W⁺Z,    b = ȳ (free)

s_i leaves zero below λ_H λ_W = s_i²/4. A penalized bias b = (1 − κ)(1 − β/σ) ȳ, κ = 2λ_b/(N + 2λ_b), has a closed form
where √c ȳ is an eigenvector of (Ỹ − Ỹvvᵀ)(Ỹ − Ỹvvᵀ)ᵀ, as where every class of a task has as many samples
(``theory.margins.modes``).

Problem (4) is separable, and c^t multiplies the whole of task t. λ's multiply beside the SUM of losses, each with its
factor ½. Source: docs/theory.md. It contains Zhou et al. 2022 (balanced, free bias: a simplex frame), Tirer & Bruna
2022 and Dang et al. 2023 (without bias: orthogonal heads, class by class), Andriopoulos et al. 2024 (regression).
"""

from __future__ import annotations

import math
from dataclasses import replace

from theory.hypotheses import Hypothesis, all_labelled, holding, labels_are, loss_is, smoothed
from theory.margins.modes import Shrunk, shrunk
from theory.margins.target_modes import Structure, mean_stands_apart, target_modes
from theory.margins.threshold import Threshold
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem
from theory.theorems.fitted_space import fitted_space
from theory.theorems.squared_error_cases import Solved, case_of, regime
from theory.theorems.squared_error_properties import feature_weights, properties

NAME = "Squared error"
LOSS = "squared-error"


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """A known source, squared error, every label there; of a penalized bias, that the mean target stands apart."""
    known = Hypothesis("known source", "Problem (3), (4), label sets, soft labels or regression", "", True)
    known = replace(known, found=f"source {reading.source!r}", holds=bool(reading.parts))
    if not known.holds:
        return (known,)
    rows = (known, loss_is(reading, LOSS), all_labelled(reading))
    if not holding(rows):
        return rows
    labels = () if reading.source == "regression" else (labels_are(reading),)
    return (*rows, *labels, _bias(reading))


def _bias(reading: Reading) -> Hypothesis:
    statement = "none, free, or penalized where √c ȳ is an eigenvector of the centred targets' Gram matrix G"
    if reading.lambda_b is None or reading.lambda_b == 0:
        return Hypothesis("bias", statement, "no bias" if reading.lambda_b is None else "λ_b = 0: free", True)
    found = [mean_stands_apart(_alone(reading, part)) for part in reading.parts]
    holds, words = next((row for row in found if not row[0]), found[0])
    return Hypothesis("bias", statement, f"λ_b = {reading.lambda_b:g}: {words}", holds)


def _alone(reading: Reading, part: SumProblem) -> SumProblem:
    """A task of Problem (4) without its weight, which multiplies all of it."""
    return replace(part, task_weights=(1.0,)) if reading.source == "multi" else part


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    several = len(reading.parts) > 1
    solved = tuple(_solve(_alone(reading, part), several, t) for t, part in enumerate(reading.parts, start=1))
    rows = tuple(part.threshold for task in solved for part in task.shrunk if not part.of_bias)
    case = case_of(reading, solved)
    losses = [
        part.task_weights[0] * _objective(task) if reading.source == "multi" else _objective(task)
        for part, task in zip(reading.parts, solved, strict=True)
    ]
    spaces = tuple(
        fitted_space(task.fit, feature_weights(task), exact=task.targets.structure is not Structure.ANY)
        for task in solved
    )
    codes, every_feature = properties(reading, solved)
    return Prediction(
        theorem=smoothed(case.name, reading),
        citation=case.citation,
        regime=regime(rows),
        within_theorem=case.published,
        thresholds=rows,
        hypotheses=(
            *checked,
            *(_left_by_bias(part.threshold) for task in solved for part in task.shrunk if part.of_bias),
        ),
        properties=codes,
        objective=math.fsum(losses),
        required_dim=max(1, *(task.rank for task in solved)),
        multi_source=reading.source == "multi",
        every_feature=every_feature,
        spaces=spaces,
        biases=tuple(task.bias for task in solved),
    )


def _solve(problem: SumProblem, several: bool, t: int) -> Solved:
    targets = target_modes(problem)
    parts = [shrunk(problem, mode) for mode in targets.modes]
    if several and targets.structure is Structure.TASKS:
        parts = [_named(part, f"task {t}" if part.mode.what == "task 1" else f"task {t}, the mean") for part in parts]
    elif several:
        parts = [_named(part, f"task {t}, {part.mode.what}") for part in parts]
    return Solved(problem, targets, tuple(parts))


def _named(part: Shrunk, what: str) -> Shrunk:
    return replace(part, threshold=replace(part.threshold, what=what))


def _left_by_bias(row: Threshold) -> Hypothesis:
    """Not asked: whether the bias leaves enough of the mean for the heads, κσ above τ."""
    heads = "heads fit the rest" if row.below else "heads fit none of it"
    found = f"λ_Hλ_W = {row.product:.6g} {'<' if row.below else '≥'} κ²σ²/4 = {row.value:.6g}: {heads}"
    return Hypothesis(
        row.what, "the bias fits the mean target, as far as κσ ≤ τ all of it but the penalty's share", found, True
    )


def _objective(task: Solved) -> float:
    """The modes' parts of min F, in the problem's reduction."""
    return math.fsum(part.loss for part in task.shrunk) / task.problem.divisor
