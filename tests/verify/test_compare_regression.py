"""Comparisons of regression: NRC1 to NRC3, biases and logits in the targets' own unit, and what cannot fail."""

from types import SimpleNamespace

import numpy as np
import pytest

from ufm import Regression, solve
from verify import compare


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("lambda_b", [0.0, None])
def test_regression_in_any_unit(scale, lambda_b):
    """Targets in another unit: λ's follow, and so does what counts as a wrong logit or bias."""
    Y = scale * (1.0 + np.random.default_rng(0).standard_normal((30, 3)))
    problem = Regression(Y, lambda_H=0.05 * scale, lambda_W=0.04 * scale, lambda_b=lambda_b)
    point = solve(problem, dim=5)
    report = compare(problem, point)
    assert report.passed, str(report)
    claimed = {row.check for row in report.rows if row.verdict == "passed"}
    assert "features in the span of their n principal components" in claimed
    assert "features in the row space of the heads" in claimed
    assert ("Gram matrix of the heads along Σ^{1/2} − γ^{1/2} I" in claimed) == (lambda_b == 0.0)
    if lambda_b == 0.0:
        point.b = [b + 1e-3 * scale for b in point.b]
        assert "biases" in {row.check for row in compare(problem, point).failures}


def test_features_outside_of_the_heads_rows_fail():
    problem = Regression(np.random.default_rng(0).standard_normal((30, 2)), lambda_H=0.05, lambda_W=0.04, lambda_b=0.0)
    point = solve(problem, dim=5)
    H = np.asarray(point.H) + 0.05 * np.random.default_rng(1).standard_normal((5, 30))
    failed = {row.check for row in compare(problem, SimpleNamespace(W=point.W, H=H, b=point.b)).failures}
    assert "features in the row space of the heads" in failed
    assert "features in the span of their n principal components" in failed
    W = [np.diag([1.3, 1.0]) @ np.asarray(point.W[0])]
    failed = {row.check for row in compare(problem, SimpleNamespace(W=W, H=point.H, b=point.b)).failures}
    assert "Gram matrix of the heads along Σ^{1/2} − γ^{1/2} I" in failed
    assert "features in the row space of the heads" not in failed


def test_regression_rows_where_nothing_could_fail():
    Y = np.random.default_rng(0).standard_normal((30, 1))
    problem = Regression(Y, lambda_H=0.05, lambda_W=0.04, lambda_b=0.0)
    notes = {row.check: row.note for row in compare(problem, solve(problem, dim=1)).rows}
    assert notes["features in the row space of the heads"] == "the features have no other directions"
    assert notes["Gram matrix of the heads along Σ^{1/2} − γ^{1/2} I"] == "of a single output both sides are 1"
    zero = Regression(Y, lambda_H=50.0, lambda_W=40.0, lambda_b=0.0)
    notes = {row.check: row.note for row in compare(zero, solve(zero)).rows}
    assert notes["features in the row space of the heads"] == "every head is zero"


@pytest.mark.parametrize("targets", [np.ones((5, 2)), np.zeros((4, 3))])
def test_a_minimum_of_zero(targets):
    """A free bias fits constant targets, and F is 0, of which nothing is a share."""
    problem = Regression(targets, lambda_H=0.05, lambda_W=0.04, lambda_b=0.0)
    point = solve(problem)
    assert compare(problem, point).passed
    point.b = [b + 0.1 for b in point.b]
    assert "biases" in {row.check for row in compare(problem, point).failures} or not targets.any()
    assert not compare(problem, point).passed


def test_without_bias_features_of_few_samples_span_more_than_they_vary_along():
    Y = np.random.default_rng(0).standard_normal((2, 5))
    problem = Regression(Y, lambda_H=0.05, lambda_W=0.04, lambda_b=None)
    rows = {row.check: row for row in compare(problem, solve(problem)).rows}
    row = rows["features in the span of their n principal components"]
    assert row.note == "the mean of the features lies outside of what they vary along"
    assert row.measured > 0.1
    assert rows["features in the row space of the heads"].verdict == "passed"
