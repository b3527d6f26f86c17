"""Cross-entropy's theorems with a free bias and without: their minimizers have b = 0 for every λ_b."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theory
from ufm import MultiLabel, MultiSource, SingleSource, solve


def problems(lambda_b: float | None) -> dict[str, Any]:
    b = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": lambda_b}
    return {
        "Theorem 3.1": SingleSource.balanced((3, 3), n=4, **b),
        "Theorem B.2": SingleSource.balanced((3, 4), n=2, task_weights=(1, 0.5), label_smoothing=0.1, **b),
        "Theorem B.2, one zero": SingleSource.balanced((3, 4), n=2, task_weights=(1, 0.005), **b),
        "pairwise uniform": SingleSource.orthogonal_array(3, 4, reduction="mean", **b | {"lambda_H": 0.01}),
        "Theorem 3.2": MultiSource([[4, 4, 4], [9, 9]], task_weights=(2, 0.5), **b),
        "Theorem 5.1": SingleSource.correlated(2, n_same=9, n_different=4, **b),
        "correlated classes": SingleSource.correlated(3, n_same=9, n_different=4, **b),
        "label sets": MultiLabel.balanced(4, {1: 4, 2: 2}, **b),
    }


@pytest.mark.parametrize("lambda_b", [None, 0.0])
@pytest.mark.parametrize("name", problems(None))
def test_newton_finds_the_same_minimum(name, lambda_b):
    problem = problems(lambda_b)[name]
    prediction, solution = theory.predict(problem), solve(problem)
    penalized = theory.predict(problems(1.0)[name])
    assert prediction.objective == penalized.objective
    assert prediction.objective == pytest.approx(solution.objective, rel=1e-11)
    assert theory.objective_in_balls(problem).meets(solution.objective * (1 - 1e-11), solution.objective * (1 + 1e-11))
    for b in solution.b:  # softmax is blind to a common shift
        np.testing.assert_allclose(np.asarray(b) - np.asarray(b).mean(), 0, atol=1e-7)
    if not prediction.multi_source:
        W = np.concatenate([np.asarray(W) for W in solution.W])
        np.testing.assert_allclose(W @ W.T, prediction.gram_W, atol=1e-6)
        np.testing.assert_allclose(W @ np.asarray(solution.H), prediction.logits, atol=1e-6)
    assert any(row.name == "zero bias" for row in prediction.hypotheses)


@pytest.mark.parametrize("lambda_b", [None, 0.0, 1.0])
def test_uneven_counts_are_not_covered(lambda_b):
    problem = SingleSource([3, 4, 5], lambda_H=0.05, lambda_W=0.04, lambda_b=lambda_b)
    with pytest.raises(theory.NotCovered):
        theory.predict(problem)
