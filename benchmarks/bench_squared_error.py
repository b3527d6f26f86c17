"""The closed form of squared error: a thousand long-tailed classes, ten thousand real targets, and its enclosure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theory
import ufm

SETTINGS: dict[str, Any] = {"lambda_H": 5e-4, "lambda_W": 5e-4, "loss": "squared-error"}


def long_tailed(classes: int = 1000, most: int = 1280, least: int = 5) -> Any:
    """Samples of each class, from ``most`` to ``least`` in even ratios."""
    return np.round(most * (least / most) ** (np.arange(classes) / (classes - 1))).astype(int)


PROBLEMS = {
    "K = 1000, 1280 to 5 samples, free bias": ufm.SingleSource(long_tailed(), lambda_b=0.0, **SETTINGS),
    "K = 1000, 1280 to 5 samples, no bias": ufm.SingleSource(long_tailed(), lambda_b=None, **SETTINGS),
    "10,000 targets in R^10": ufm.Regression(
        np.random.default_rng(0).standard_normal((10_000, 10)), lambda_b=0.0, **SETTINGS
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_closed_form(benchmark: Any, name: str) -> None:
    """Margins, heads, which properties hold; logits and features wait until asked for."""
    benchmark.extra_info["reach"] = "1 s"
    prediction = benchmark.pedantic(theory.predict, args=(PROBLEMS[name],), rounds=3, warmup_rounds=1, iterations=1)
    benchmark.extra_info["min F"] = prediction.objective


@pytest.mark.parametrize("lambda_b", [0.0, None, 0.05])
def test_enclosure(benchmark: Any, lambda_b: float | None) -> None:
    """Two tasks of 10 classes, n = 30 and 10."""
    benchmark.extra_info["reach"] = "1 s, relative width 1e-12"
    settings = SETTINGS | {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": lambda_b}
    problem = ufm.SingleSource.correlated(10, n_same=30, n_different=10, **settings)
    enclosed = benchmark.pedantic(theory.objective_in_balls, args=(problem,), rounds=3, warmup_rounds=1, iterations=1)
    width = (enclosed.upper - enclosed.lower) / enclosed.lower
    benchmark.extra_info["relative width"] = width
    assert width <= 1e-12
