"""Free biases that no point is best for: said in the status, and no convergence claimed to a minimum of 0."""

import numpy as np
import pytest

import verify
from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve

FREE = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.0}
LOGISTIC = ["cross-entropy", "binary-cross-entropy"]


@pytest.mark.parametrize("loss", LOGISTIC)
def test_one_class_alone(loss):
    for problem in (
        SingleSource([10, 0, 0], loss=loss, **FREE),
        SingleSource.from_labels([[1]], classes=[3], loss=loss, **FREE),
        MultiSource([[10, 0], [3, 4]], loss=loss, **FREE),
        SingleSource.from_probabilities([np.array([[1.0, 0.0, 0.0]] * 2)], loss=loss, **FREE),
    ):
        solution = solve(problem)
        assert not solution.converged
        assert "no minimizer: lambda_b=0 lets the bias of class" in solution.status
        assert "F falls to 0" in solution.status
        assert verify.certify(problem, solution).verdict != "global minimum"


@pytest.mark.parametrize("loss", LOGISTIC)
def test_an_empty_class_beside_others(loss):
    """F is as near its infimum as asked, which is that of any bias large enough."""
    problem = SingleSource([10, 0, 5], loss=loss, **FREE)
    solution = solve(problem)
    assert solution.converged
    assert "class 1 of task 0" in solution.status
    assert "infimum" in solution.status
    assert verify.certify(problem, solution).verdict == "global minimum"
    assert solution.objective > 1.0


@pytest.mark.parametrize("method", ["gradient", "convex"])
def test_other_methods_say_so_too(method):
    if method == "convex":
        pytest.importorskip("cvxpy")
    assert "no minimizer" in solve(SingleSource([4, 0, 5], **FREE), method).status


def test_where_there_is_one():
    for problem in (
        SingleSource([10, 0, 0], loss="squared-error", **FREE),
        SingleSource([10, 0, 0], loss="binary-cross-entropy", label_smoothing=0.1, **FREE),
        SingleSource([10, 0, 0], **(FREE | {"lambda_b": 1e-3})),
        SingleSource([10, 0, 0], **(FREE | {"lambda_b": None})),
        MultiLabel({(0,): 3, (1, 2): 4}, classes=3, loss="binary-cross-entropy", **FREE),
        Regression(np.ones((4, 2)), **FREE),
    ):
        solution = solve(problem)
        assert solution.converged, solution.status
        assert "minimizer" not in solution.status


def test_samples_without_a_label_do_not_count():
    labels = [[0, 1], [1, -1], [0, 1], [1, 1]]
    solution = solve(SingleSource.from_labels(labels, classes=[2, 2], missing=-1, **FREE))
    assert "class 0 of task 1" in solution.status
