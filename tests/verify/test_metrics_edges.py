"""Ties, zero vectors and one task: what the metrics leave undefined, and what they must not count."""

import numpy as np
import pytest
import torch
from verified_points import BELOW, named, per_sample, solved, zero

from ufm import MultiSource, SingleSource
from verify import metrics

LAMBDAS = {"lambda_H": 0.1, "lambda_W": 0.1, "lambda_b": 0.1}
ONE_TASK = SingleSource([2, 2], **LAMBDAS)


@pytest.mark.parametrize("name", BELOW)
def test_a_solved_minimum_has_collapsed(name):
    """Where no head is zero: all metrics vanish, but for the cosines that Theorem 5.1 gives."""
    for key, value in metrics(named(name), solved(name)).items():
        if key.startswith("SNC3") and name == "3.1 one task":
            assert np.isnan(value)
        elif key.startswith("SNC3") and name.startswith("5.1"):
            assert value == pytest.approx(0.7196453925, abs=1e-9)
        else:
            assert value == pytest.approx(0.0, abs=1e-9)


def test_one_task_has_no_pair_of_tasks():
    measured = metrics(ONE_TASK, W=[[[1.0], [-1.0]]], H=[[1.0, -1.0]])
    assert np.isnan(measured.pop("SNC3"))
    assert np.isnan(measured.pop("SNC3_max"))
    assert measured == {"SNC1": 0.0, "SNC2_1": 0.0, "SNC2_2": 0.0, "SNC4": 0.0, "SNC5": 0.0}


@pytest.mark.parametrize("name", ["3.1 below", "3.2 below"])
def test_zero_heads_and_features_are_nan_and_warn_of_nothing(name):
    measured = metrics(named(name), zero(solved(name)))
    undefined = {key for key, value in measured.items() if np.isnan(value)}
    assert undefined == {"SNC2_1", "SNC2_2", "SNC3", "SNC3_max", "SNC4"} & set(measured) | {
        "MNC2_1",
        "MNC2_2",
        "MNC3",
    } & set(measured)
    assert all(value == 0 for key, value in measured.items() if key not in undefined)


def test_one_zero_head_leaves_the_rest_defined():
    point = solved("3.1 below")
    measured = metrics(named("3.1 below"), W=[point.W[0], np.zeros((3, 4))], H=point.H)
    assert {key for key, value in measured.items() if np.isnan(value)} == {"SNC2_1", "SNC2_2", "SNC3", "SNC3_max"}


def test_one_zero_row():
    measured = metrics(ONE_TASK, W=[[[1.0], [0.0]]], H=[[1.0, -1.0]])
    assert np.isnan(measured["SNC2_1"])
    assert measured["SNC2_2"] == 1.0
    assert np.isnan(measured["SNC4"])


def test_a_feature_at_the_mean_of_all_is_nan():
    measured = metrics(ONE_TASK, W=[[[1.0, 0.0], [-1.0, 0.0]]], H=np.full((2, 2), 1 / 3))
    assert np.isnan(measured["SNC4"])
    assert measured["SNC1"] == 0.0


def test_rounding_of_the_mean_is_no_direction():
    """The mean of 0.1 and its copies is not 0.1 to the last bit."""
    problem = SingleSource([7, 3], **LAMBDAS)
    H = np.full((3, 10), 0.1)
    measured = metrics(problem, W=[np.eye(3)[:2]], H=H, labels=[0] * 7 + [1] * 3)
    assert np.isnan(measured["SNC4"])
    assert measured["SNC1"] < 1e-30


def test_equal_logits_are_no_disagreement():
    """Both logits of the second column are 0; its centre is its own."""
    measured = metrics(ONE_TASK, W=[[[1.0, 0.0], [-1.0, 0.0]]], H=[[1.0, 0.0], [0.0, 1.0]])
    assert measured["SNC5"] == 0.0
    tilted = metrics(ONE_TASK, W=[[[1.0, 1e-9], [-1.0, 0.0]]], H=[[1.0, 0.0], [0.0, 1.0]])
    assert tilted["SNC5"] == 0.5


def test_equally_near_centres_are_no_disagreement():
    """Centres ±1 and a sample at 0 whose logits decide for either class."""
    problem = SingleSource([3, 3], **LAMBDAS)
    H = [[0.0, 1.0, 2.0, -1.0, -1.0, -1.0]]
    labels = [0, 0, 0, 1, 1, 1]
    for sign in (1.0, -1.0):
        measured = metrics(problem, W=[[[1.0], [-1.0]]], b=[[0.5 * sign, -0.5 * sign]], H=H, labels=labels)
        assert measured["SNC5"] == 0.0
    moved = np.array(H)
    moved[0, 0] -= 1e-6
    for sign, expected in ((1.0, 1 / 6), (-1.0, 0.0)):
        measured = metrics(problem, W=[[[1.0], [-1.0]]], b=[[0.5 * sign, -0.5 * sign]], H=moved, labels=labels)
        assert measured["SNC5"] == pytest.approx(expected)


def test_collapsed_copies_do_not_disagree():
    """Centres of many copies are means with rounding; every sample is nearest to its own all the same."""
    point = per_sample(named("3.1 below"), solved("3.1 below"))
    assert metrics(named("3.1 below"), point)["SNC5"] == 0.0


def test_biases_decide():
    W, H = [[[1.0], [-1.0]]], [[1.0, -1.0]]
    assert metrics(ONE_TASK, W=W, H=H)["SNC5"] == 0.0
    assert metrics(ONE_TASK, W=W, H=H, b=[[0.0, 3.0]])["SNC5"] == 0.5
    problem = MultiSource([[2, 2], [1, 3]], **LAMBDAS)
    biased = metrics(problem, W=W * 2, H=[np.array(H)] * 2, b=[[0.0, 0.0], [0.0, 3.0]])
    assert biased["MNC4"] == 0.5 * 0.25


def test_centres_are_those_of_labels_that_occur():
    """Labels (0, 0) and (1, 1) only: the heads decide (0, 1) somewhere, which is no centre."""
    problem = SingleSource([[2, 0], [0, 2]], **LAMBDAS)
    W = [[[1.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0], [0.0, -1.0]]]
    H = [[2.0, 0.5, -1.0, -1.0], [1.0, -0.1, -1.0, -1.0]]
    labels = [[0, 0], [0, 0], [1, 1], [1, 1]]
    assert metrics(problem, W=W, H=H, labels=labels)["SNC5"] == 0.25


def test_classes_without_samples_have_no_mean():
    problem = MultiSource([[2, 0, 3]], **LAMBDAS)
    W = [[[1.0, 0.0], [5.0, 5.0], [-1.0, 0.0]]]
    assert metrics(problem, W=W, H=[[[3.0, -2.0], [0.0, 0.0]]])["MNC3"] == pytest.approx(0.0, abs=1e-30)


def test_any_kind_of_array():
    point = solved("3.1 below")
    reference = metrics(named("3.1 below"), point)
    lists = metrics(
        named("3.1 below"), W=[w.tolist() for w in point.W], H=point.H.tolist(), b=[v.tolist() for v in point.b]
    )
    assert lists == reference
    single = metrics(
        named("3.1 below"), W=[w.float().requires_grad_() for w in point.W], H=point.H.to(torch.bfloat16), b=point.b
    )
    np.testing.assert_allclose(list(single.values()), list(reference.values()), atol=1e-2)


@pytest.mark.parametrize("seed", range(20))
def test_centres_equally_near_to_rounding_are_no_disagreement(seed):
    """A sample halfway between two centres that are means: their distances differ in the last bits."""
    rng = np.random.default_rng(seed)
    v, o = rng.standard_normal((2, 2))
    across = 0.3 * np.array([-v[1], v[0]])
    H = np.stack([o, o - 1.5 * v + across, o - 1.5 * v - across, o + v, o + v, o + v], axis=1)
    problem = SingleSource([3, 3], **LAMBDAS)
    for sign in (1e-3, -1e-3):
        b = [[v @ o + sign, -v @ o - sign]]
        assert metrics(problem, W=[np.stack([-v, v])], b=b, H=H, labels=[0, 0, 0, 1, 1, 1])["SNC5"] == 0.0


def test_logits_equal_to_rounding_are_no_disagreement():
    """0.1 + 0.2 > 0.3 in float64."""
    W = [[[0.1, 0.2], [0.3, 0.0]]]
    assert metrics(ONE_TASK, W=W, H=[[2.0, 1.0], [3.0, 1.0]])["SNC5"] == 0.0
    assert metrics(ONE_TASK, W=[[[0.1, 0.2], [0.3 - 1e-12, 0.0]]], H=[[2.0, 1.0], [3.0, 1.0]])["SNC5"] == 0.5
