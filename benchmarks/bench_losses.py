"""Newton beyond cross-entropy: two tasks under each loss and bias, long tails and regression under squared error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench_newton import solve_and_certify
from bench_squared_error import long_tailed

import ufm
import verify

LOSSES: dict[str, Any] = {
    "cross-entropy": "cross-entropy",
    "binary cross-entropy": "binary-cross-entropy",
    "squared error": "squared-error",
    "both": ["squared-error", "binary-cross-entropy"],
}


@pytest.mark.parametrize("lambda_b", [0.05, 0.0, None])
@pytest.mark.parametrize("loss", LOSSES)
def test_two_tasks_of_ten_classes(benchmark: Any, loss: str, lambda_b: float | None) -> None:
    benchmark.extra_info["reach"] = "30 ms, relative gap 1e-12"
    problem = ufm.SingleSource.correlated(
        10, n_same=30, n_different=10, lambda_H=0.05, lambda_W=0.05, lambda_b=lambda_b, loss=LOSSES[loss]
    )
    solve_and_certify(benchmark, problem, rounds=20, gap=1e-12)


def test_missing_labels(benchmark: Any) -> None:
    """Three attributes of four classes, three labels in ten missing."""
    benchmark.extra_info["reach"] = "relative gap 1e-10"
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 4, (200, 3))
    labels[draw.random(labels.shape) < 0.3] = -1
    labels = labels[(labels >= 0).any(axis=1)]
    settings: dict[str, Any] = {"lambda_H": 1e-3, "lambda_W": 1e-3, "lambda_b": 0.1, "loss": "squared-error"}
    solve_and_certify(benchmark, ufm.SingleSource.from_labels(labels, missing=-1, **settings), rounds=5, gap=1e-10)


@pytest.mark.parametrize("lambda_b", [0.3, 0.0, None])
def test_regression(benchmark: Any, lambda_b: float | None) -> None:
    """10,000 distinct targets in R^10."""
    benchmark.extra_info["reach"] = "1 s, relative gap 1e-12"
    targets = np.random.default_rng(0).standard_normal((10_000, 10))
    problem = ufm.Regression(targets, lambda_H=0.05, lambda_W=0.04, lambda_b=lambda_b)
    solution = benchmark.pedantic(ufm.solve, args=(problem,), rounds=3, warmup_rounds=1, iterations=1)
    # in balls: the float bound of a free bias allows for 10,000 rounded columns, 6e-12 here
    width = verify.certify(problem, solution, rigorous=True).enclosure.relative_width
    benchmark.extra_info["relative gap, proven"] = width
    assert width <= 1e-12


def test_a_thousand_long_tailed_classes(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "20 s on two cores, residual 1e-10"
    settings: dict[str, Any] = {"lambda_H": 5e-4, "lambda_W": 5e-4, "lambda_b": 0.0, "loss": "squared-error"}
    problem = ufm.SingleSource(long_tailed(), **settings)
    solved = benchmark.pedantic(lambda: ufm.solve(problem, tolerance=1e-10), rounds=1, warmup_rounds=0, iterations=1)
    assert solved.converged
