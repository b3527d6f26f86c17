"""Metrics need no λ's: of labels alone they are those of the problem that has these labels."""

import numpy as np
import pytest
import torch

from ufm import MultiSource, SingleSource
from verify import metrics

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.03}


def point(classes, samples, dim=5, seed=0):
    rng = np.random.default_rng(seed)
    W = [rng.standard_normal((k, dim)) for k in classes]
    b = [rng.standard_normal(k) for k in classes]
    labels = np.stack([rng.permutation(np.arange(samples) % k) for k in classes], axis=1)
    return W, b, rng.standard_normal((dim, samples)), labels


def same(one, other):
    assert list(one) == list(other)
    np.testing.assert_array_equal(list(one.values()), list(other.values()))
    assert one.reasons == other.reasons


@pytest.mark.parametrize("missing", [False, True])
def test_tasks_that_share_their_samples(missing):
    W, b, H, labels = point((3, 4), 30)
    if missing:
        labels[::7, 1] = -1
    problem = SingleSource.from_labels(labels, missing=-1, **LAMBDAS)
    expected = metrics(problem, W=W, H=H, b=b, labels=labels)
    same(metrics(W=W, H=H, b=b, labels=labels), expected)
    same(metrics(W=W, H=H, b=b, labels=labels, classes=(3, 4)), expected)
    same(metrics(W=W, H=H, b=b, labels=labels.tolist()), expected)
    same(metrics(W=W, H=H, b=b, labels=[labels[:, 0], torch.tensor(labels[:, 1])]), expected)
    tensors = {"W": [torch.tensor(w) for w in W], "H": torch.tensor(H), "b": [torch.tensor(v) for v in b]}
    same(metrics(**tensors, labels=torch.tensor(labels)), expected)


def test_a_list_of_as_many_arrays_as_samples_is_by_task():
    W, _, H, labels = point((2, 3, 2), 3, seed=3)
    problem = SingleSource.from_labels(labels, (2, 3, 2), **LAMBDAS)
    same(metrics(W=W, H=H, labels=list(labels.T)), metrics(problem, W=W, H=H, labels=labels))


def test_one_task_as_arrays():
    W, b, H, labels = point((4,), 20)
    problem = SingleSource.from_labels(labels, **LAMBDAS)
    expected = metrics(problem, W=W, H=H, b=b, labels=labels)
    same(metrics(W=W[0], H=H, b=b[0], labels=labels[:, 0]), expected)
    same(metrics(W=W, H=H, b=b, labels=labels[:, 0].tolist()), expected)


def test_a_class_that_no_sample_has_is_counted_by_its_head():
    W, _, H, labels = point((3, 4), 12)
    labels[labels[:, 1] == 3, 1] = 0
    expected = metrics(SingleSource.from_labels(labels, (3, 4), **LAMBDAS), W=W, H=H, labels=labels)
    same(metrics(W=W, H=H, labels=labels), expected)


def test_tasks_with_samples_of_their_own():
    W, b, _, _ = point((3, 2), 6)
    H = [point((3,), 9, seed=1)[2], point((2,), 8, seed=2)[2]]
    labels = [np.arange(9) % 3, np.arange(8) % 2]
    problem = MultiSource.from_labels(labels, **LAMBDAS)
    same(metrics(W=W, H=H, b=b, labels=labels), metrics(problem, W=W, H=H, b=b, labels=labels))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": None}, "labels is missing; without a problem"),
        ({"H": None}, "H is missing"),
        ({"labels": [np.zeros(12, int), np.zeros(11, int)]}, r"as many entries in every task, got \[12, 11\]"),
        ({"labels": np.full((12, 2), 5)}, r"labels\[0, 0\] = 5 is outside task 0's classes 0 … 2"),
        ({"labels": np.zeros((11, 2), int)}, "labels has 11 rows but H has 12 columns"),
        ({"classes": (3, 5)}, r"W\[1\] must have shape \(5, "),
        ({"labels": np.full((12, 2), 0.5)}, "labels must hold integers"),
        ({"solution": object()}, "problem is missing"),
    ],
)
def test_what_is_no_point_is_refused(change, message):
    W, b, H, labels = point((3, 4), 12)
    with pytest.raises(ValueError, match=message):
        metrics(**{"W": W, "H": H, "b": b, "labels": labels} | change)


def test_classes_beside_a_problem_are_refused():
    W, _, H, labels = point((3, 4), 12)
    with pytest.raises(ValueError, match="stands beside a problem"):
        metrics(SingleSource.from_labels(labels, **LAMBDAS), W=W, H=H, labels=labels, classes=(3, 4))
