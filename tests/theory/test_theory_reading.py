"""What theory reads of a problem: losses, biases, targets, missing labels, and what it refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from strangers import fields

import theory
from theory.reading import read
from ufm import MultiLabel, MultiSource, Regression, SingleSource

LAMBDAS: dict[str, Any] = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.03}


def test_losses_biases_and_targets():
    problem = SingleSource.from_labels(
        [[0, 1], [1, -1], [-1, 0], [1, 1]], missing=-1, loss=("cross-entropy", "squared-error"), **LAMBDAS
    )
    reading = read(problem)
    assert reading.losses == ("cross-entropy", "squared-error")
    assert reading.missing
    assert reading.lambda_b == 0.03
    assert "2 samples miss one" in theory.hypotheses.all_labelled(reading).found
    tasks = read(MultiSource([[3, 4], [5, 6]], loss=["squared-error", "cross-entropy"], **LAMBDAS))
    assert [part.losses for part in tasks.parts] == [("squared-error",), ("cross-entropy",)]
    assert read(SingleSource([3, 4], **{**LAMBDAS, "lambda_b": None})).lambda_b is None
    assert read(SingleSource([3, 4], **{**LAMBDAS, "lambda_b": 0.0})).lambda_b == 0.0
    mean = read(SingleSource([3, 4], reduction="mean", **LAMBDAS))
    assert float(mean.parts[0].lambda_b) == pytest.approx(0.21)
    assert mean.lambda_b == 0.03


def test_targets_are_columns():
    rows = np.array([[1.0, 2.0], [0.5, 3.0], [1.0, 2.0]])
    (part,) = read(Regression(rows, **LAMBDAS)).parts
    np.testing.assert_array_equal(part.targets, [[1.0, 0.5], [2.0, 3.0]])
    assert part.classes == (2,)
    assert part.losses == ("squared-error",)
    assert not part.missing
    soft = SingleSource.from_probabilities([[[0.5, 0.5], [1.0, 0.0]]], label_smoothing=0.1, **LAMBDAS)
    np.testing.assert_array_equal(read(soft).parts[0].targets, soft.targets.T)
    assert read(MultiLabel({(0,): 1}, classes=3, **LAMBDAS)).parts[0].targets is None


def test_empty_label_sets():
    sets = MultiLabel.from_indicators([[0, 0], [1, 0], [0, 1]], loss="squared-error", **LAMBDAS)
    assert (read(sets).parts[0].labels.sum(axis=1) == 0).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": ("cross-entropy",)}, "has loss=.*which is neither a loss nor 2, one per task"),
        ({"loss": 3}, "has loss=3"),
        ({"loss": [1, 2]}, "has loss="),
        ({"lambda_b": float("nan")}, "lambda_b must be finite and ≥ 0, or None"),
        ({"labels": np.array([[0, -1], [1, -1], [0, -1], [1, -1]])}, "no label of task 1"),
        ({"labels": np.full((4, 2), -2)}, "labels must lie in"),
    ],
)
def test_impossible_values(changes, message):
    with pytest.raises(ValueError, match=message):
        read(fields(SingleSource.balanced((2, 2), n=3, **LAMBDAS), **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": np.ones((2, 3))}, r"targets must have shape \(columns, R\) = \(2, 2\)"),
        ({"targets": np.full((2, 2), np.nan)}, "targets must be finite"),
        ({"label_smoothing": 0.1}, "label_smoothing=0.1: real targets"),
    ],
)
def test_impossible_targets(changes, message):
    with pytest.raises(ValueError, match=message):
        read(fields(Regression(np.eye(2), **LAMBDAS), **changes))


@pytest.mark.parametrize("loss", ["focal", ("cross-entropy", "focal")])
def test_a_loss_of_no_theorem_is_named(loss):
    stranger = fields(SingleSource.balanced((2, 2), n=3, **LAMBDAS), loss=loss)
    for reader in (theory.predict, theory.objective_in_balls, theory.vanishing_regularization, unchecked):
        with pytest.raises(ValueError, match="focal"):
            reader(stranger)
    with pytest.raises(theory.NotCovered):
        theory.predict(stranger)


def unchecked(problem: Any) -> Any:
    return theory.unchecked("3.1", problem)


def test_without_the_field_the_loss_is_cross_entropy():
    problem = fields(SingleSource.balanced((2, 2), n=3, **LAMBDAS))
    older = SimpleNamespace(**{name: value for name, value in vars(problem).items() if name != "loss"})
    assert theory.predict(older).objective == theory.predict(problem).objective


COVERED = [
    SingleSource.balanced((3, 3), n=2, **LAMBDAS),
    SingleSource.balanced((3, 2), n=2, task_weights=(1, 2), label_smoothing=0.1, **LAMBDAS),
    SingleSource.orthogonal_array(3, 4, **LAMBDAS),
    MultiSource.balanced((2, 3), n=(4, 9), reduction="mean", **LAMBDAS),
    SingleSource.correlated(2, n_same=3, n_different=2, **LAMBDAS),
    SingleSource.correlated(3, n_same=3, n_different=2, **LAMBDAS),
    MultiLabel.balanced(3, {1: 4, 2: 2}, **LAMBDAS),
]


@pytest.mark.parametrize("problem", COVERED)
@pytest.mark.parametrize("lambda_b", [0.0, None])
def test_free_and_no_bias_have_the_minimum_of_a_penalized_one(problem, lambda_b):
    """Where the minimizer has b = 0."""
    other = fields(problem, lambda_b=lambda_b)
    prediction = theory.predict(other)
    assert prediction.objective == theory.predict(problem).objective
    assert [row.name for row in prediction.hypotheses].count("zero bias") == 1
    assert theory.objective_in_balls(other).ball.overlaps(theory.objective_in_balls(problem).ball)


def test_missing_labels_are_named():
    problem = SingleSource.from_labels([[0, 0], [0, 1], [1, 0], [1, -1]], missing=-1, **LAMBDAS)
    with pytest.raises(theory.NotCovered, match="all labelled fails: 1 samples miss one"):
        theory.predict(problem)
    for reader in (theory.objective_in_balls, theory.vanishing_regularization):
        with pytest.raises(ValueError, match=r"missing|miss"):
            reader(problem)
