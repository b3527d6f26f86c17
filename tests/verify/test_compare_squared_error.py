"""Solutions of squared error against the closed form, biases and heads that collapse class by class included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theory
from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve
from verify import compare
from verify.comparison.checks.row import FAILED

RNG = np.random.default_rng(1)


def settings(lambda_b: float | None, **more: Any) -> dict[str, Any]:
    return {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": lambda_b, "loss": "squared-error", **more}


@pytest.mark.parametrize("lambda_b", [0.0, None, 0.03, 300.0])
@pytest.mark.parametrize(
    "make",
    [
        lambda **s: SingleSource.balanced((3, 4), n=2, task_weights=(1, 0.5), **s),
        lambda **s: SingleSource.correlated(4, n_same=30, n_different=7, **s),
        lambda **s: SingleSource([30, 20, 3, 0], **s),
        lambda **s: MultiSource([[3, 3, 3], [7, 7]], task_weights=(2, 0.5), reduction="mean", **s),
        lambda **s: MultiLabel.balanced(4, {1: 4, 2: 2, 3: 1}, label_smoothing=0.1, **s),
        lambda **s: MultiLabel.balanced(4, {2: 2}, **s),
        lambda **s: Regression(RNG.standard_normal((40, 3)), **s),
        lambda **s: SingleSource.from_probabilities([RNG.dirichlet(np.ones(3), 20)], **s),
    ],
)
def test_solutions_pass(make, lambda_b):
    problem = make(**settings(lambda_b))
    report = compare(problem, solve(problem))
    assert report.passed, str(report)


@pytest.mark.parametrize("lambda_H", [1.0, 3.9, 4.0, 4.1, 30.0])
def test_collapse_class_by_class(lambda_H):
    """Four, sixteen and thirty samples without bias: thresholds 1, 4 and 7.5 of λ_Hλ_W."""
    problem = SingleSource([4, 16, 30], **settings(None) | {"lambda_H": lambda_H, "lambda_W": 1.0})
    assert not [row for row in compare(problem, solve(problem)).rows if row.verdict == FAILED]


def test_wrong_biases_fail(monkeypatch):
    problem = SingleSource([7, 7, 7], **settings(0.0))
    solution, prediction = solve(problem), theory.predict(problem)
    other = theory.predict(SingleSource([7, 7, 7], **settings(30.0)))
    object.__setattr__(prediction, "biases", other.biases)
    monkeypatch.setattr(theory, "predict", lambda problem: prediction)
    (failed,) = compare(problem, solution).failures
    assert failed.check == "biases"
