"""Closed forms where no hypothesis is asked, against the paper's formulas in 60 digits and against predictions."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

import theory
import ufm

LAMBDAS = {"lambda_H": 0.03, "lambda_W": 0.2, "lambda_b": 0.1}


def formula_3_1(problem: Any, thresholds: bool) -> Any:
    """Theorem 3.1 in 60 digits."""
    with mpmath.workdps(60):
        N = mpmath.mpf(int(problem.counts.sum()))
        scale = N if problem.reduction == "mean" else 1
        root = mpmath.sqrt(mpmath.mpf(problem.lambda_H) * mpmath.mpf(problem.lambda_W)) * scale
        total = mpmath.mpf(0)
        for K, c in zip(problem.classes, map(mpmath.mpf, problem.task_weights.tolist()), strict=True):
            inside = mpmath.sqrt(c * N * K) / (2 * root) - (K - 1)
            if inside <= 0 and not thresholds:
                return math.nan
            a = mpmath.log(inside) if inside > 0 else mpmath.mpf(0)
            a = max(a, 0) if thresholds else a
            total += c * N * mpmath.log(1 + (K - 1) * mpmath.exp(-a)) + 2 * root * (K - 1) * mpmath.sqrt(c * N / K) * a
        return float(total / scale)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("thresholds", [True, False])
@pytest.mark.parametrize("size", [0.01, 0.3, 3.0, 30.0])
def test_theorem_3_1_of_any_counts(reduction: Any, thresholds: bool, size: float) -> None:
    counts = np.random.default_rng(0).integers(0, 9, (3, 4))
    lambdas = {name: size * value / (counts.sum() if reduction == "mean" else 1) for name, value in LAMBDAS.items()}
    problem = ufm.SingleSource(counts, task_weights=[0.5, 2.0], reduction=reduction, **lambdas)
    with pytest.raises(theory.NotCovered):
        theory.predict(problem)
    found = theory.unchecked("3.1", problem, thresholds=thresholds)
    assert found.objective == pytest.approx(formula_3_1(problem, thresholds), rel=1e-13, nan_ok=True)
    assert math.isnan(found.objective) == (not np.isfinite(found.margins).all())


@pytest.mark.parametrize("size", [0.1, 1.0, 10.0, 100.0])
def test_it_is_the_prediction_where_hypotheses_hold(size: float) -> None:
    lambdas = {name: size * value for name, value in LAMBDAS.items()}
    single = ufm.SingleSource.balanced(classes=(2, 3), n=5, **lambdas)
    multi = ufm.MultiSource.balanced(classes=(2, 3), n=(40, 2), task_weights=[0.5, 2.0], **lambdas)
    for theorem, problem in (("3.1", single), ("3.2", multi)):
        found, predicted = theory.unchecked(theorem, problem), theory.predict(problem)
        assert found.objective == predicted.objective
        assert list(found.margins) == [row.margin for row in predicted.thresholds]
        grams = [space.gram for space in predicted.spaces]
        assert all(np.array_equal(g, p) for g, p in zip(found.grams, grams, strict=True))


def test_labels_are_taken_as_one_hot() -> None:
    hard, soft = (ufm.SingleSource([[3, 1], [2, 2]], label_smoothing=epsilon, **LAMBDAS) for epsilon in (0.0, 0.2))
    assert theory.unchecked("3.1", soft).objective == theory.unchecked("3.1", hard).objective


def test_what_it_refuses() -> None:
    problem = ufm.MultiSource.balanced(classes=(2, 3), n=4, **LAMBDAS)
    with pytest.raises(ValueError, match="'single', got 'multi'"):
        theory.unchecked("3.1", problem)
    with pytest.raises(ValueError, match=r"theorem must be one of '3\.1', '3\.2', got '5\.1'"):
        theory.unchecked("5.1", problem)  # type: ignore[arg-type]
