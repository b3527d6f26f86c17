"""Comparisons over losses, biases and targets: minima pass, and what is none fails."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from points import mapped

import theory
from ufm import MultiLabel, MultiSource, SingleSource, solve
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


def with_spaces(prediction, **more):
    """The prediction with fields of its spaces replaced by functions of them."""
    spaces = (replace(space, **{name: of(space) for name, of in more.items()}) for space in prediction.spaces)
    return replace(prediction, spaces=tuple(spaces))


def with_biases(prediction):
    biases = prediction.biases or [np.zeros(len(space.gram)) for space in prediction.spaces]
    return replace(prediction, biases=tuple(b + 1e-3 * np.arange(len(b)) for b in biases))


WRONG = {
    "gram": lambda p: with_spaces(p, gram=lambda space: 1.001 * space.gram),
    "cosines": lambda p: with_spaces(p, cosines=lambda space: 0.999 * space.cosines),
    "logits": lambda p: with_spaces(p, make_logits=lambda space: lambda: 1.001 * space.make_logits()),
    "objective": lambda p: replace(p, objective=(1 + 1e-8) * p.objective),
    "biases": with_biases,
}


@pytest.mark.parametrize("key", [key for key in BELOW if key[0] in ("two tasks", "multi", *OTHERS)], ids=str)
def test_a_wrong_prediction_fails(key, monkeypatch):
    problem = COVERED[key]
    point, prediction = solve(problem), theory.predict(problem)
    for name, make in WRONG.items():
        if name != "biases" or problem.lambda_b is not None:
            wrong = make(prediction)
            monkeypatch.setattr(theory, "predict", lambda _, wrong=wrong: wrong)
            assert compare(problem, point).failures, name


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
