"""Comparisons over losses, biases and targets: minima pass, and what is none fails."""

from types import SimpleNamespace

import numpy as np
import pytest
from points import mapped

import theory
from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve
from verify import claims, compare

LOSSES = ("cross-entropy", "binary-cross-entropy", "squared-error")
BIASES = {"penalized": 0.03, "free": 0.0, "none": None}
ONE_HOT = {
    "one task": lambda **s: SingleSource.balanced((4,), 20, **s),
    "two tasks": lambda **s: SingleSource.balanced((3, 4), 10, task_weights=(1.0, 2.0), **s),
    "smoothed": lambda **s: SingleSource.balanced((3, 3), 10, label_smoothing=0.1, **s),
    "mean": lambda **s: SingleSource.balanced((3, 2), 10, reduction="mean", **s | {"lambda_H": 1e-3, "lambda_W": 1e-3}),
    "multi": lambda **s: MultiSource.balanced((4, 3), (30, 20), task_weights=(1.0, 2.0), **s),
    "past a threshold": lambda **s: SingleSource.balanced((2, 5), 1, **s | {"lambda_H": 0.9, "lambda_W": 0.4}),
}
OTHERS = {
    "correlated, squared": lambda **s: SingleSource.correlated(4, n_same=30, n_different=7, loss=LOSSES[2], **s),
    "correlated": lambda **s: SingleSource.correlated(2, n_same=20, n_different=7, **s),
    "label sets": lambda **s: MultiLabel.balanced(4, {1: 5, 2: 2}, **s),
}
COVERED = {
    (name, loss, bias): make(loss=loss, lambda_H=0.05, lambda_W=0.04, lambda_b=lambda_b)
    for name, make in ONE_HOT.items()
    for loss in LOSSES
    for bias, lambda_b in BIASES.items()
} | {
    (name, "", bias): make(lambda_H=0.05, lambda_W=0.04, lambda_b=lambda_b)
    for name, make in OTHERS.items()
    for bias, lambda_b in BIASES.items()
}
BELOW = [key for key in COVERED if key[0] not in ("past a threshold",)]


def verdicts(report):
    return {row.check: row.verdict for row in report.rows}


def predicted(problem, **more):
    prediction = theory.predict(problem)
    return SimpleNamespace(W=prediction.W(), H=prediction.H(), b=prediction.b, **more)


def solved_rows(*key):
    return compare(COVERED[key], solve(COVERED[key])).rows


@pytest.mark.parametrize("key", COVERED, ids=str)
def test_minima_pass(key):
    """Newton's points, and the theorems' own."""
    problem = COVERED[key]
    for point in (solve(problem), predicted(problem)):
        report = compare(problem, point)
        assert report.passed, str(report)


@pytest.mark.parametrize("key", BELOW, ids=str)
def test_points_beside_the_minimum_fail(key):
    problem = COVERED[key]
    point, rng = predicted(problem), np.random.default_rng(0)
    point.labels = None
    moved = mapped(point, lambda x: x + 0.03 * rng.standard_normal(x.shape) * max(np.abs(x).max(), 0.1))
    if problem.lambda_b is None:
        moved.b = None
    for other in (moved, SimpleNamespace(W=[1.02 * w for w in point.W], H=point.H, b=point.b)):
        report = compare(problem, other)
        assert not report.passed
        assert {"relative duality gap at most 0", "logits W h"} & {row.check for row in report.failures}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("other", LOSSES)
@pytest.mark.parametrize("name", ["one task", "two tasks", "multi"])
def test_the_minimum_of_another_loss_fails(name, loss, other):
    report = compare(COVERED[name, loss, "none"], solve(COVERED[name, other, "none"], dim=7))
    assert report.passed == (loss == other)
    if loss != other:
        assert verdicts(report)["logits W h"] == "failed"


@pytest.mark.parametrize("key", [key for key in BELOW if key[2] == "free"], ids=str)
def test_a_common_shift_of_free_biases(key):
    """Softmax does not see it; sigmoids and squares do."""
    problem = COVERED[key]
    point = predicted(problem)
    point.b = [b + 0.7 for b in point.b]
    report = compare(problem, point)
    blind = set(problem.losses) == {"cross-entropy"}
    assert report.passed == blind, str(report)
    if not blind:
        assert {"biases", "biases are zero"} & {row.check for row in report.failures}


def test_a_common_shift_of_penalized_biases_fails():
    problem = COVERED["one task", "cross-entropy", "penalized"]
    point = predicted(problem)
    point.b = [b + 0.7 for b in point.b]
    assert "biases are zero" in {row.check for row in compare(problem, point).failures}


@pytest.mark.parametrize("loss", LOSSES)
def test_rows_of_biases(loss):
    rows = {row.check: row for row in solved_rows("one task", loss, "none")}
    assert rows["biases are zero"].note == "the problem has no bias"
    assert rows["biases are zero"].measured == 0.0
    rows = {row.check: row for row in solved_rows("one task", loss, "free")}
    if loss == "cross-entropy":
        assert rows["biases are zero"].verdict == "passed"
        assert "biases" not in rows
    else:
        assert rows["biases are zero"].verdict == "not applicable"
        assert rows["biases are zero"].note == "the theorem's biases are not zero"
        assert rows["biases are zero"].measured > 0.01
        assert rows["biases"].verdict == "passed"


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("bias", ["free", "none"])
def test_regression_in_any_unit(scale, bias):
    """Targets in another unit: λ's follow, and so does what counts as a wrong logit or bias."""
    Y = scale * (1.0 + np.random.default_rng(0).standard_normal((30, 3)))
    problem = Regression(Y, lambda_H=0.05 * scale, lambda_W=0.04 * scale, lambda_b=BIASES[bias])
    point = solve(problem, dim=5)
    report = compare(problem, point)
    assert report.passed, str(report)
    claimed = {row.check for row in report.rows if row.verdict == "passed"}
    assert "features in the span of their n principal components" in claimed
    assert "features in the row space of the heads" in claimed
    assert ("Gram matrix of the heads along Σ^{1/2} − γ^{1/2} I" in claimed) == (bias == "free")
    if bias == "free":
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


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bias", BIASES)
def test_the_claim_of_zero_biases(loss, bias):
    problem = COVERED["one task", loss, bias]
    violation = claims.zero_bias(problem, solve(problem))
    if bias == "none":
        assert np.isnan(violation)
    elif loss == "cross-entropy":
        assert violation < 1e-9
        shifted = predicted(problem)
        shifted.b = [b + 0.5 for b in shifted.b]
        assert (claims.zero_bias(problem, shifted) < 1e-9) == (bias == "free")
    else:
        assert violation > 0.05


@pytest.mark.parametrize("loss", LOSSES)
def test_not_covered_says_so(loss):
    labels = np.array([[0, -1], [1, 1], [-1, 0], [1, 0], [0, 1], [0, -1]])
    problem = SingleSource.from_labels(labels, missing=-1, loss=loss, lambda_H=0.01, lambda_W=0.02, lambda_b=0.01)
    report = compare(problem, solve(problem))
    assert report.passed
    assert report.not_covered is not None
    assert {row.check for row in report.rows if row.verdict == "not applicable"} == set(report.metrics)
