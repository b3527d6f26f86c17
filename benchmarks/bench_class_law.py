"""The law of two correlated tasks with K classes, for every K from 2 to 1000: seconds a problem, and its accuracy."""

from __future__ import annotations

from typing import Any

import pytest

import theory
import ufm

CLASSES = range(2, 1001)
CHECKED = (2, 3, 10, 100, 300)  # in balls: the reading of the K² labels takes longer than the law
LAMBDA = 0.05

COUNTS: dict[str, tuple[int, int]] = {"n_same = 30, n_different = 10": (30, 10), "1000 and 1": (1000, 1)}


@pytest.mark.parametrize("name", COUNTS)
def test_class_law(benchmark: Any, name: str) -> None:
    """The cosine for all K in a round; the reported seconds are of one K."""
    n_same, n_different = COUNTS[name]
    benchmark.extra_info["reach"] = "2 ms for one K, relative error of min F 1e-14"
    arguments = (list(CLASSES), n_same, n_different, LAMBDA, LAMBDA)
    cosines = benchmark.pedantic(
        theory.class_correlation_cosine, args=arguments, rounds=5, warmup_rounds=1, iterations=1
    )
    benchmark.extra_info["milliseconds for one K"] = 1e3 * benchmark.stats.stats.median / len(CLASSES)
    worst = 0.0
    for K in CHECKED:
        problem = ufm.SingleSource.correlated(
            K, n_same=n_same, n_different=n_different, lambda_H=LAMBDA, lambda_W=LAMBDA, lambda_b=LAMBDA
        )
        prediction, ball = theory.predict(problem), theory.objective_in_balls(problem)
        worst = max(worst, ball.lower / prediction.objective - 1.0, 1.0 - ball.upper / prediction.objective)
        assert prediction.cosines[0, K] == pytest.approx(float(cosines[K - 2]), abs=1e-12)
    benchmark.extra_info["relative error of min F"] = max(worst, 0.0)
    assert worst <= 1e-14
