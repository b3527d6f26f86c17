"""Metrics against the tables' formulas written as loops over samples, one sample a time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from points import perturbed
from thorough import examples
from verified_points import per_sample, problems, random_point

from ufm import MultiSource, SingleSource
from verify import metrics


def unit(v):
    return v / np.sqrt(np.sum(v**2))


def table_5(W, b, H, labels, c):
    """Columns of H are samples."""
    N, T, K = H.shape[1], len(W), [len(w) for w in W]
    tuples = sorted({tuple(y) for y in labels.tolist()})
    mu = {y: np.mean([H[:, i] for i in range(N) if tuple(labels[i]) == y], axis=0) for y in tuples}
    mu_G = np.mean([H[:, i] for i in range(N)], axis=0)
    within, snc4, wrong = [], [], []
    for i in range(N):
        y, h = tuple(labels[i]), H[:, i]
        within.append(np.trace(np.outer(h - mu[y], h - mu[y])))
        total = sum(np.sqrt(c[t] * K[t]) * W[t][y[t]] for t in range(T))
        snc4.append(np.linalg.norm(unit(h - mu_G) - unit(total)))
        decision = tuple(int(np.argmax(W[t] @ h + b[t])) for t in range(T))
        nearest = min(tuples, key=lambda z: np.linalg.norm(h - mu[z]))
        wrong.append(decision != nearest)
    angles = [
        abs(unit(W[t][k]) @ unit(W[t][m]) + 1 / (K[t] - 1))
        for t in range(T)
        for k, m in itertools.permutations(range(K[t]), 2)
    ]
    norms = [[np.linalg.norm(w) for w in W[t]] for t in range(T)]
    cross = [
        abs(unit(W[s][k]) @ unit(W[t][m]))
        for s, t in itertools.permutations(range(T), 2)
        for k in range(K[s])
        for m in range(K[t])
    ]
    return {
        "SNC1": np.mean(within),
        "SNC2_1": np.mean(angles),
        "SNC2_2": np.mean([np.std(n) / np.mean(n) for n in norms]),
        "SNC3": np.mean(cross) if cross else np.nan,
        "SNC3_max": np.max(cross) if cross else np.nan,
        "SNC4": np.mean(snc4),
        "SNC5": np.mean(wrong),
    }


def table_6(W, b, H, labels):
    tasks = [table_5([W[t]], [b[t]], H[t], labels[t], [1.0]) for t in range(len(W))]
    angles = [
        abs(unit(w[k]) @ unit(w[m]) + 1 / (len(w) - 1)) for w in W for k, m in itertools.permutations(range(len(w)), 2)
    ]
    duality = []
    for w, h, y in zip(W, H, labels, strict=True):
        for k in sorted(set(y[:, 0].tolist())):
            duality.append(np.sum((unit(h[:, y[:, 0] == k].mean(axis=1) - h.mean(axis=1)) - unit(w[k])) ** 2))
    return {
        "MNC1": np.mean([task["SNC1"] for task in tasks]),
        "MNC2_1": np.mean(angles),
        "MNC2_2": np.mean([task["SNC2_2"] for task in tasks]),
        "MNC3": np.mean(duality),
        "MNC4": np.mean([task["SNC5"] for task in tasks]),
    }


def assert_same(measured, literal):
    assert list(measured) == list(literal)
    assert all(type(value) is float for value in measured.values())
    np.testing.assert_allclose(list(measured.values()), list(literal.values()), rtol=1e-9, atol=1e-12)


@given(problems(sources=("single",)), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=examples(60))
def test_single_source(problem, dim, seed):
    if len(problem.labels) == 1:
        return  # one label: h − μ_G of a column per label is zero, see below
    point = per_sample(problem, random_point(problem, dim, 1.0, seed), seed)
    point = perturbed(point, 0.3, seed)
    literal = table_5(point.W, point.b, point.H, point.labels, problem.task_weights)
    assert_same(metrics(problem, W=point.W, H=point.H, b=point.b, labels=point.labels), literal)


@given(problems(sources=("multi",)), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=examples(60))
def test_multi_source(problem, dim, seed):
    if any(len(y) == 1 for y in problem.labels):
        return
    point = perturbed(per_sample(problem, random_point(problem, dim, 1.0, seed), seed), 0.3, seed)
    assert_same(metrics(problem, point), table_6(point.W, point.b, point.H, point.labels))


@given(problems(sources=("single",)), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=examples(30))
def test_a_column_per_label_stands_for_its_samples(problem, dim, seed):
    point = random_point(problem, dim, 1.0, seed)
    measured, spread = metrics(problem, point), metrics(problem, per_sample(problem, point, seed))
    np.testing.assert_allclose(list(measured.values()), list(spread.values()), rtol=1e-8, atol=1e-10)


def test_columns_of_a_label_share_its_weight():
    """Label 0: three samples behind two columns."""
    problem = SingleSource([3, 1], lambda_H=0.1, lambda_W=0.2, lambda_b=0.3)
    measured = metrics(problem, W=[[[1.0], [-1.0]]], H=[[1.0, 2.0, -1.0]], labels=[0, 0, 1])
    np.testing.assert_allclose(measured["SNC1"], 0.75 * 0.25, rtol=1e-15)


def test_blocks_of_columns_do_not_matter(monkeypatch):
    problem = MultiSource([[5, 9], [4, 3, 7]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    single = SingleSource([[5, 9], [4, 3]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    for one in (problem, single):
        point = perturbed(per_sample(one, random_point(one, 4, 1.0, 0)), 0.3)
        whole = metrics(one, point)
        with monkeypatch.context() as patch:
            patch.setattr("verify.reading.label_sums.BLOCK", 20)
            pieces = metrics(one, point)
        np.testing.assert_allclose(list(pieces.values()), list(whole.values()), rtol=1e-13)


@pytest.mark.parametrize("classes", [(2, 2), (3, 4), (3,), (2, 3, 2)])
def test_exact_symmetry_gives_zero(classes):
    """Orthogonal simplex frames with features at their weighted sums."""
    problem = SingleSource(np.ones(classes), lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    ends = np.cumsum(classes)
    frames = [np.eye(ends[-1])[end - k : end] for k, end in zip(classes, ends, strict=True)]
    W = [frame - frame.mean(axis=0) for frame in frames]
    H = sum(np.sqrt(k) * w[y] for k, w, y in zip(classes, W, problem.labels.T, strict=True)).T
    measured = metrics(problem, W=W, H=H)
    undefined = {"SNC3", "SNC3_max"} if len(classes) == 1 else set()
    assert {key for key, value in measured.items() if np.isnan(value)} == undefined
    assert max(value for key, value in measured.items() if key not in undefined) < 1e-14
    assert measured["SNC5"] == 0
