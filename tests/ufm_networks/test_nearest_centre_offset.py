"""SNC5, MNC4 and the decoding error do not depend on a vector that all features, or all heads of a task, share."""

from fractions import Fraction

import numpy as np
import pytest
import torch

import ufm
import verify
from ufm_networks.metrics import stream_metrics

LAMBDAS = {"lambda_H": 1.0, "lambda_W": 1.0, "lambda_b": 1.0}
D, EACH = 4, 16  # a power of two: the means of the grid below are exact
OFFSETS = [0.0, 2.0**20, 2.0**23, 2.0**26]  # of spreads about 1; the grid is 2^-20, so that h + offset is exact


def grid(array, bits=20):
    return np.round(array * 2.0**bits) / 2.0**bits


def rational(array):
    return np.vectorize(Fraction, otypes=[object])(array)


def exact_rate(problem, H, index, W, b):
    """Fraction of columns decided otherwise than by the nearest of the means, in rationals."""
    H, W, b = rational(H), [rational(w) for w in W], [rational(v) for v in b]
    means = np.stack([H[:, index == label].sum(axis=1) / EACH for label in range(len(problem.counts))], axis=1)
    wrong = 0
    for h in H.T:
        decided = [int(np.argmax(w @ h + v)) for w, v in zip(W, b, strict=True)]
        nearest = int(np.argmin(((means - h[:, None]) ** 2).sum(axis=0)))
        wrong += decided != list(problem.labels[nearest])
    return wrong / H.shape[1]


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("common", [0.0, 1000.0])
def test_a_common_offset_changes_no_rate(offset, common):
    """``offset`` of the features, with the biases that undo it, and ``common`` of a task's heads: exact in doubles."""
    rng = np.random.default_rng(3)
    problem = ufm.SingleSource.balanced((3, 2), EACH, **LAMBDAS)
    index = np.repeat(np.arange(6), EACH)
    H = grid(rng.standard_normal((D, 6))[:, index] + 0.7 * rng.standard_normal((D, len(index))))
    W = [grid(rng.standard_normal((k, D)), 4) for k in (3, 2)]
    b = [-(w.sum(axis=1) * offset) for w in W]
    H, W = H + offset, [W[0] + common, W[1]]
    wanted = exact_rate(problem, H, index, W, b)
    assert wanted > 0.3
    labels = problem.labels[index]
    assert verify.metrics(problem, W=W, H=H, b=b, labels=labels)["SNC5"] == pytest.approx(wanted, abs=1e-12)
    batches = lambda: [(torch.tensor(H.T[:50]), np.arange(50)), (torch.tensor(H.T[50:]), np.arange(50, len(index)))]
    streamed = stream_metrics(problem, labels, batches, [torch.tensor(w) for w in W], [torch.tensor(v) for v in b])
    assert streamed.metrics["SNC5"] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("offset", OFFSETS)
def test_another_task_of_long_heads_ties_nothing(offset):
    """Near-ties are of a task's own numbers, not of the longest head of all tasks."""
    rng = np.random.default_rng(4)
    problem = ufm.SingleSource.balanced((3, 2), EACH, **LAMBDAS)
    index = np.repeat(np.arange(6), EACH)
    H = grid(rng.standard_normal((D, len(index)))) + offset
    W = [grid(rng.standard_normal((3, D)), 4) * 2.0**-40, grid(rng.standard_normal((2, D)), 4)]
    b = [-(w.sum(axis=1) * offset) for w in W]
    wanted = exact_rate(problem, H, index, W, b)
    found = verify.metrics(problem, W=W, H=H, b=b, labels=problem.labels[index])["SNC5"]
    assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("offset", OFFSETS)
def test_decoding_of_label_sets_has_no_ties_by_an_offset(offset):
    rng = np.random.default_rng(5)
    problem = ufm.MultiLabel.balanced(3, {1: EACH, 2: EACH}, **LAMBDAS)
    index = np.repeat(np.arange(6), EACH)
    H = grid(0.3 * rng.standard_normal((D, 6))[:, index] + rng.standard_normal((D, len(index)))) + offset
    exact = rational(H)
    means = np.stack([exact[:, index == label].sum(axis=1) / EACH for label in range(6)], axis=1)
    nearest = [int(np.argmin(((means - h[:, None]) ** 2).sum(axis=0))) for h in exact.T]
    wanted = float(np.mean(np.array(nearest) != index))
    assert wanted > 0.3
    W = np.zeros((3, D))
    labels = problem.labels[index]
    found = verify.metrics(problem, W=[W], H=H, labels=labels)["NN_decoding_error"]
    assert found == pytest.approx(wanted, abs=1e-12)
    streamed = stream_metrics(problem, labels, lambda: [(torch.tensor(H.T), np.arange(len(index)))], [torch.tensor(W)])
    assert streamed.metrics["NN_decoding_error"] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("offset", [1e3, 1e5, 1e8])
@pytest.mark.parametrize("aligned", [True, False])
def test_heads_that_only_the_rounding_of_their_biases_tells_apart_are_tied(offset, aligned):
    """⟨w, h − o⟩ = 0 and b = −⟨w, o⟩ rounded: what is left of a logit is the bias' last place, at any offset."""
    rng = np.random.default_rng(6)
    problem = ufm.SingleSource.balanced((2,), EACH, **LAMBDAS)
    index = np.repeat(np.arange(2), EACH)
    for _ in range(20):
        w = np.append(rng.standard_normal(D - 1), 0.0)  # the features move along the last axis only
        o = offset * (w if aligned else rng.standard_normal(D))
        H = o[:, None] + np.outer(np.eye(D)[-1], 4.0 * index - 2.0 + rng.uniform(-1, 1, len(index)))
        W, b = [np.stack([w, -w])], [np.array([-(w @ o), w @ o])]
        labels = problem.labels[index]
        assert verify.metrics(problem, W=W, H=H, b=b, labels=labels)["SNC5"] == 0.0
        batches = lambda H=H: [(torch.tensor(H.T.copy()), np.arange(len(index)))]
        streamed = stream_metrics(problem, labels, batches, [torch.tensor(W[0])], [torch.tensor(b[0])])
        assert streamed.metrics["SNC5"] == 0.0
