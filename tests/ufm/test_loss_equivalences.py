"""What one problem's minimum says of another's, whatever the loss: newton on both sides, no closed form."""

from itertools import pairwise

import numpy as np
import pytest
from drawn_problems import LOSSES, drawn

from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve

TIGHT = 1e-9
BIASES = (0.05, 0.0, None)


def lambdas(b=0.05, H=0.05, W=0.04):
    return {"lambda_H": H, "lambda_W": W, "lambda_b": b}


def least(problem):
    solution = solve(problem)
    assert solution.converged, (problem, solution.status)
    return solution.objective


def times(number, factor):
    return None if number is None else number * factor


def labels(seed=0, samples=30, classes=(3, 2)):
    """Long-tailed in the first task."""
    rng = np.random.default_rng(seed)
    table = np.stack([rng.integers(0, k, samples) for k in classes], axis=1)
    table[rng.random(samples) < 0.4, 0] = 0
    table[0] = 0
    return table


@pytest.mark.parametrize("b", BIASES)
@pytest.mark.parametrize("loss", [*LOSSES, ("squared-error", "cross-entropy")])
def test_every_sample_with_one_label_is_multi_source(loss, b):
    """Samples of one task are columns of their own, whose features cost ω = 1 = c^t."""
    table = labels()
    alone = np.full_like(table, -1)
    alone[::2, 0], alone[1::2, 1] = table[::2, 0], table[1::2, 1]
    joined = SingleSource.from_labels(alone, (3, 2), missing=-1, loss=loss, **lambdas(b))
    apart = MultiSource.from_labels([table[::2, 0], table[1::2, 1]], (3, 2), loss=loss, **lambdas(b))
    assert least(joined) == pytest.approx(least(apart), rel=TIGHT)


@pytest.mark.parametrize("b", BIASES)
def test_k_sigmoids_are_k_tasks_of_two_classes(b):
    """A softmax of two classes is a sigmoid of their difference, which halves λ_W and λ_b."""
    rows = (np.random.default_rng(1).random((30, 3)) < 0.4).astype(int)
    rows[:2] = [[0, 0, 0], [1, 1, 1]]
    sigmoids = MultiLabel.from_indicators(rows, loss="binary-cross-entropy", **lambdas(times(b, 0.5), W=0.02))
    tasks = SingleSource.from_labels(rows, **lambdas(b, W=0.04))
    assert least(sigmoids) == pytest.approx(least(tasks), rel=TIGHT)


def test_squared_error_of_a_free_bias_is_blind_to_a_constant():
    Y = np.random.default_rng(2).normal(size=(12, 3))
    moved = least(Regression(Y + np.array([1.0, -7.0, 30.0]), **lambdas(0)))
    assert moved == pytest.approx(least(Regression(Y, **lambdas(0))), rel=TIGHT)
    penalized = [least(Regression(Y + shift, **lambdas(0.05))) for shift in (0.0, 1.0)]
    assert penalized[1] > penalized[0] * 1.01


@pytest.mark.parametrize("loss", [*LOSSES, ("binary-cross-entropy", "squared-error")])
def test_the_penalty_of_the_bias_goes_from_free_to_none(loss):
    """Monotone, and continuous at both ends."""
    table = labels()
    ladder = [0.0, 1e-6, 1e-3, 0.1, 10.0, 1e3, 1e7, None]
    minima = [least(SingleSource.from_labels(table, loss=loss, **lambdas(b))) for b in ladder]
    assert all(before <= after * (1 + 1e-12) for before, after in pairwise(minima))
    assert minima[0] < minima[-1] * (1 - 1e-4)
    assert minima[1] == pytest.approx(minima[0], rel=1e-3)
    assert minima[-2] == pytest.approx(minima[-1], rel=1e-3)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_balanced_cross_entropy_has_no_use_for_a_bias(smoothing):
    problems = [SingleSource.balanced((3, 2), 4, label_smoothing=smoothing, **lambdas(b)) for b in BIASES]
    minima = [least(problem) for problem in problems]
    assert minima == pytest.approx([minima[0]] * 3, rel=TIGHT)


@pytest.mark.parametrize("loss", ["binary-cross-entropy", "squared-error"])
def test_other_losses_have(loss):
    free, penalized, none = (least(SingleSource.balanced((3, 2), 4, loss=loss, **lambdas(b))) for b in (0, 0.5, None))
    assert free < penalized * (1 - 1e-3)
    assert penalized < none * (1 - 1e-3)


DRAWN = [seed for seed in range(60) if drawn(seed).source != "multi"][:18]


def with_changes(problem, counts=None, **changes):
    """The same problem with some of its settings, or counts, changed."""
    names = ("lambda_H", "lambda_W", "lambda_b", "reduction", "loss")
    settings = {name: getattr(problem, name) for name in names} | {"task_weights": problem.task_weights}
    settings |= {"label_smoothing": problem.label_smoothing} | changes
    counts = problem.counts if counts is None else counts
    if problem.source == "multilabel":
        settings.pop("task_weights")
        return MultiLabel._from_columns(problem.labels, counts, **settings)
    columns = problem.labels if problem.source == "single" else problem.targets
    return type(problem)._from_columns(problem.classes, columns, counts, **settings)


@pytest.mark.parametrize("seed", DRAWN)
def test_duplicating_scaling_and_permuting(seed):
    problem = with_changes(drawn(seed), reduction="sum")
    minimum = least(problem)
    H, W, b = problem.lambda_H, problem.lambda_W, problem.lambda_b
    # every sample twice: losses and ‖H‖² double, which λ_W and λ_b follow
    twice = with_changes(problem, 2 * problem.counts, lambda_W=2 * W, lambda_b=times(b, 2))
    assert least(twice) == pytest.approx(2 * minimum, rel=TIGHT)
    # the factors' sizes are free: only λ_H λ_W matters
    assert least(with_changes(problem, lambda_H=4 * H, lambda_W=W / 4)) == pytest.approx(minimum, rel=TIGHT)
    # "mean" is the sum's N-th part with λ's of an N-th
    n = problem.samples
    mean = with_changes(problem, reduction="mean", lambda_H=H / n, lambda_W=W / n, lambda_b=times(b, 1 / n))
    assert least(mean) == pytest.approx(minimum / n, rel=TIGHT)


@pytest.mark.parametrize("loss", [*LOSSES, ("binary-cross-entropy", "squared-error")])
def test_names_of_classes_and_order_of_tasks_are_names(loss):
    table = labels()
    table[5:9, 1] = -1
    minimum = least(SingleSource.from_labels(table, (3, 2), missing=-1, task_weights=[1, 2], loss=loss, **lambdas(0.0)))
    renamed = np.where(table[:, :1] < 0, -1, (table[:, :1] + 1) % 3)
    swapped = np.concatenate([table[:, 1:], renamed], axis=1)
    other = loss if isinstance(loss, str) else loss[::-1]
    again = SingleSource.from_labels(swapped, (2, 3), missing=-1, task_weights=[2, 1], loss=other, **lambdas(0.0))
    assert least(again) == pytest.approx(minimum, rel=TIGHT)


@pytest.mark.parametrize("loss", LOSSES)
def test_one_hot_rows_are_labels(loss):
    """Soft labels that are hard, and label sets of one member, are the problem of labels."""
    table = labels(classes=(3,))
    known = least(SingleSource.from_labels(table, label_smoothing=0.1, loss=loss, **lambdas()))
    rows = np.eye(3)[table[:, 0]]
    soft = SingleSource.from_probabilities([rows], label_smoothing=0.1, loss=loss, **lambdas())
    sets = MultiLabel.from_indicators(rows, label_smoothing=0.1, loss=loss, **lambdas())
    assert [least(soft), least(sets)] == pytest.approx([known] * 2, rel=TIGHT)


@pytest.mark.parametrize("b", BIASES)
def test_squared_error_to_labels_is_regression(b):
    table = labels()
    rows = [np.eye(k)[table[:, t]] for t, k in enumerate((3, 2))]
    known = least(SingleSource.from_labels(table, loss="squared-error", task_weights=[1, 3], **lambdas(b)))
    assert least(Regression(rows, task_weights=[1, 3], **lambdas(b))) == pytest.approx(known, rel=TIGHT)
