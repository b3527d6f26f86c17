"""Label sets held against Li et al.'s theorem and its closed form."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

import theory
import ufm
from verify import compare

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
PROBLEMS = {
    "below": ufm.MultiLabel.balanced(4, {1: 10, 2: 5}, **LAMBDAS),
    "every size": ufm.MultiLabel.balanced(3, {1: 4, 2: 9, 3: 2}, **LAMBDAS),
    "mean": ufm.MultiLabel.balanced(4, {2: 5}, reduction="mean", **(LAMBDAS | {"lambda_H": 1e-4})),
    "smoothed": ufm.MultiLabel.balanced(4, {1: 10, 3: 5}, label_smoothing=0.1, **LAMBDAS),
    "zero": ufm.MultiLabel.balanced(3, {1: 4, 2: 9}, lambda_H=2.0, lambda_W=2.0, lambda_b=0.05),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_solved_minimum_passes(name):
    problem = PROBLEMS[name]
    report = compare(problem, ufm.solve(problem))
    assert report.passed, str(report)
    judged = {row.check for row in report.rows if row.verdict == "passed"}
    if name == "zero":
        assert {"head of task 1 is zero", "features past their threshold are zero"} <= judged
        return
    assert {
        "rows of each head at simplex angles",
        "features along the sum of their heads",
        "features equal scaled sums of heads, scale included",
        "features equal W⁺ of the logits, scale included",
    } <= judged
    assert ("features past their threshold are zero" in judged) == (name == "every size")


def test_all_labels_at_once_where_heads_sum_to_zero():
    settings = {"lambda_H": 1.68769, "lambda_W": 0.00134179, "lambda_b": 0.0, "reduction": "mean"}
    problem = ufm.MultiLabel.balanced(5, {2: 2, 5: 1}, loss="squared-error", **settings)
    assert "collapsed to zero: sizes of sets" in theory.predict(problem).regime
    report = compare(problem, ufm.solve(problem))
    assert report.passed, str(report)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_law_wrong_by_a_factor_fails(monkeypatch, factor):
    problem = PROBLEMS["below"]
    right = theory.predict(problem)
    spaces = tuple(dataclasses.replace(space, gram=factor * space.gram) for space in right.spaces)
    wrong = dataclasses.replace(right, objective=factor * right.objective, spaces=spaces)
    monkeypatch.setattr("theory.predict", lambda problem: wrong)
    assert {row.check for row in compare(problem, ufm.solve(problem)).failures} == {
        "closed-form minimum between lower bound and objective",
        "objective",
        "Gram matrix of the heads, scale included",
    }


def test_a_bent_feature_fails():
    problem = PROBLEMS["below"]
    prediction = theory.predict(problem)
    H = prediction.H()
    H[:, -1] += 0.01 * H[:, 0]
    failures = {row.check for row in compare(problem, SimpleNamespace(W=prediction.W(), H=H)).failures}
    assert "features along the sum of their heads" in failures
    assert "features equal W⁺ of the logits, scale included" in failures


def test_sets_without_balance_are_not_covered():
    problem = ufm.MultiLabel({(0,): 3, (1, 2): 5, (0, 2): 4}, classes=3, **LAMBDAS)
    report = compare(problem, ufm.solve(problem))
    assert report.prediction is None
    assert report.passed
    assert np.isfinite(report.certificate.relative_gap)
