"""What every prediction obeys, drawn over whole families of problems, and the worked numbers of the theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_problems import gradient_norm, relative_gap
from thorough import examples

import theory
from ufm import MultiSource, SingleSource

ROUNDING = 1e-12
PENALTY = st.floats(1e-6, 3.0)
QUICK = settings(max_examples=examples(60))


@st.composite
def problems(draw):
    """(constructor, keywords) of a problem some theorem covers."""
    kind = draw(st.sampled_from(["balanced", "multi", "correlated"]))
    keywords = {name: draw(PENALTY) for name in ("lambda_H", "lambda_W", "lambda_b")}
    keywords["reduction"] = draw(st.sampled_from(["sum", "mean"]))
    if kind == "correlated":
        counts = draw(st.lists(st.integers(0, 50), min_size=2, max_size=2).filter(any))
        return SingleSource.correlated, {"n_same": counts[0], "n_different": counts[1], **keywords}
    classes = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    weights = st.floats(0.05, 20.0)
    keywords["task_weights"] = draw(st.lists(weights, min_size=len(classes), max_size=len(classes)))
    if kind == "balanced":
        return SingleSource.balanced, {"classes": classes, "n": draw(st.integers(1, 50)), **keywords}
    n = draw(st.lists(st.integers(1, 50), min_size=len(classes), max_size=len(classes)))
    return MultiSource.balanced, {"classes": classes, "n": n, **keywords}


def as_list(value):
    return value if isinstance(value, list) else [value]


@QUICK
@given(problems())
def test_every_prediction_is_a_global_minimizer(drawn):
    make, keywords = drawn
    problem = make(**keywords)
    prediction = theory.predict(problem)
    point = prediction.W(), prediction.H(), prediction.b
    assert abs(relative_gap(problem, *point)) < ROUNDING
    assert gradient_norm(problem, *point) < ROUNDING


@QUICK
@given(problems(), st.floats(1e-3, 1e3))
def test_lambda_scaling(drawn, a):
    """(λ_W, λ_H) → (aλ_W, λ_H/a): the same minimum, W a^{−1/2} as large, H a^{1/2}."""
    make, keywords = drawn
    a = 4.0 ** round(math.log(a, 4))  # a power of 4 rounds nowhere
    one = theory.predict(make(**keywords))
    moved = {"lambda_W": a * keywords["lambda_W"], "lambda_H": keywords["lambda_H"] / a}
    other = theory.predict(make(**(keywords | moved)))
    assert other.objective == pytest.approx(one.objective, rel=1e-15)
    assert other.regime == one.regime
    np.testing.assert_allclose(other.gram_W, one.gram_W / a, rtol=1e-14)
    for z, w in zip(as_list(one.logits), as_list(other.logits), strict=True):
        np.testing.assert_array_equal(z, w)
    for h, g in zip(as_list(one.H()), as_list(other.H()), strict=True):
        np.testing.assert_allclose(g, h * math.sqrt(a), rtol=1e-14, atol=1e-300)


@QUICK
@given(problems(), st.integers(2, 9))
def test_duplicating_samples(drawn, k):
    """Every sample k times, λ_W and λ_b k times: k times the minimum (sum), the same W and H."""
    make, keywords = drawn
    keywords["reduction"] = "sum"
    counted = [name for name in ("n", "n_same", "n_different") if name in keywords]
    more = {name: (k * np.array(keywords[name])).tolist() for name in counted}
    penalties = {name: k * keywords[name] for name in ("lambda_W", "lambda_b")}
    one, other = theory.predict(make(**keywords)), theory.predict(make(**(keywords | more | penalties)))
    assert other.objective == pytest.approx(k * one.objective, rel=1e-13)
    if one.regime == other.regime:  # k λ_W may round across a threshold drawn exactly
        np.testing.assert_allclose(other.gram_W, one.gram_W, rtol=1e-7, atol=1e-12)
        for h, g in zip(as_list(one.H()), as_list(other.H()), strict=True):
            np.testing.assert_allclose(g, h, rtol=1e-7, atol=1e-12)


@QUICK
@given(problems())
def test_mean_is_the_sum_with_larger_penalties(drawn):
    make, keywords = drawn
    keywords["reduction"] = "mean"
    problem = make(**keywords)
    sizes = {int(n.sum()) for n in (problem.counts if problem.source == "multi" else [problem.counts])}
    if len(sizes) > 1:
        return  # tasks of different N_t have different λ's: not one sum problem
    N = sizes.pop()
    scaled = {name: N * keywords[name] for name in ("lambda_H", "lambda_W", "lambda_b")}
    one, other = theory.predict(problem), theory.predict(make(**(keywords | scaled | {"reduction": "sum"})))
    assert one.objective == pytest.approx(other.objective / N, rel=1e-13)
    np.testing.assert_allclose(one.gram_W, other.gram_W, rtol=1e-6, atol=1e-10)
    assert [row.value * N**2 for row in one.thresholds] == pytest.approx([row.value for row in other.thresholds])


@QUICK
@given(problems(), st.sampled_from(["lambda_H", "lambda_W"]), st.floats(1.0, 10.0))
def test_minimum_rises_with_the_penalties_and_is_concave(drawn, name, factor):
    make, keywords = drawn
    values = [keywords[name], keywords[name] * (1 + factor) / 2, keywords[name] * factor]
    low, middle, high = (theory.predict(make(**(keywords | {name: value}))).objective for value in values)
    rounding = 1e-14 * high
    assert low <= middle + rounding
    assert middle <= high + rounding
    assert middle >= (low + high) / 2 - rounding


@QUICK
@given(problems(), st.randoms(use_true_random=False))
def test_permuting_tasks(drawn, random):
    make, keywords = drawn
    if "classes" not in keywords:
        return
    order = list(range(len(keywords["classes"])))
    random.shuffle(order)
    moved = {
        name: [keywords[name][t] for t in order]
        for name in ("classes", "task_weights", "n")
        if isinstance(keywords[name], (list, tuple))
    }
    one, other = theory.predict(make(**keywords)), theory.predict(make(**(keywords | moved)))
    assert other.objective == pytest.approx(one.objective, rel=1e-15)
    offsets = np.cumsum((0, *keywords["classes"]))
    rows = np.concatenate([np.arange(offsets[t], offsets[t + 1]) for t in order])
    np.testing.assert_array_equal(other.gram_W, one.gram_W[np.ix_(rows, rows)])
    np.testing.assert_array_equal(other.cosines, one.cosines[np.ix_(rows, rows)])


@QUICK
@given(st.integers(0, 50), st.integers(1, 50), PENALTY, PENALTY)
def test_permuting_the_classes_of_a_task(n_same, n_different, lambda_H, lambda_W):
    """Exchanging the classes of task 2 exchanges the pairs of labels: rows 3 and 4 of the Gram matrix."""
    penalties = {"lambda_H": lambda_H, "lambda_W": lambda_W, "lambda_b": 0.1}
    if n_same == n_different:
        return  # Theorem 3.1
    one = theory.predict(SingleSource.correlated(2, n_same=n_same, n_different=n_different, **penalties))
    other = theory.predict(SingleSource.correlated(2, n_same=n_different, n_different=n_same, **penalties))
    rows = np.array([0, 1, 3, 2])
    assert one.objective == pytest.approx(other.objective, rel=1e-15)
    np.testing.assert_allclose(one.gram_W, other.gram_W[np.ix_(rows, rows)], rtol=1e-14)
    np.testing.assert_allclose(one.cosines, other.cosines[np.ix_(rows, rows)], rtol=1e-14)


@QUICK
@given(problems())
def test_simplex_angles_within_every_head(drawn):
    """SNC2, MNC2, and SNC3, read off W itself."""
    make, keywords = drawn
    prediction = theory.predict(make(**keywords))
    heads = prediction.W()
    for w in heads:
        squared = (w**2).sum(axis=1)
        if squared[0] > 0:
            K = len(w)
            np.testing.assert_allclose(squared, squared[0], rtol=1e-13)
            np.testing.assert_allclose(w @ w.T / squared[0], (K * np.eye(K) - 1) / (K - 1), atol=1e-13)
    if prediction.theorem in ("Theorem 3.1", "Theorem B.2"):
        for s, w in enumerate(heads):
            assert all(not (w @ v.T).any() for v in heads[:s])


def test_worked_numbers():
    """Small problems at λ = 0.05, worked by hand."""
    penalties = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
    # Theorem 5.1, n = (38, 2): margins log(√(76/0.0025) − 1) and log(√(4/0.0025) − 1) = log 39
    a_same, a_different = math.log(math.sqrt(30400) - 1), math.log(39)
    A = math.sqrt(38) * a_same, math.sqrt(2) * a_different
    prediction = theory.predict(SingleSource.correlated(2, n_same=38, n_different=2, **penalties))
    assert prediction.cosines[0, 2] == pytest.approx((A[0] - A[1]) / (A[0] + A[1]), rel=1e-13)
    assert prediction.gram_W[0, 0] + prediction.gram_W[0, 3] == pytest.approx(math.sqrt(4) * math.log(39) / 2)
    # Theorem 3.1, K = 2, n = 1: N = 4, a = log(½ √8/0.05 − 1), by hand
    prediction = theory.predict(SingleSource.balanced((2, 2), n=1, **penalties))
    a = math.log(10 * math.sqrt(8) - 1)
    assert prediction.thresholds[0].value == 0.5
    assert prediction.thresholds[0].margin == pytest.approx(a, rel=1e-14)
    assert prediction.objective == pytest.approx(2 * (4 * math.log(1 + math.exp(-a)) + 0.1 * math.sqrt(2) * a))
    # Theorem 3.2, K = 4, n = 1: a = log(2/0.05 − 3) = log 37
    prediction = theory.predict(MultiSource.balanced((4,), n=1, **penalties))
    assert prediction.thresholds[0].margin == pytest.approx(math.log(37), rel=1e-14)
    assert prediction.objective == pytest.approx(4 * math.log(40 / 37) + 0.3 * math.log(37), rel=1e-14)
    assert prediction.gram_W[0, 0] == pytest.approx(math.log(37) * 0.75, rel=1e-14)
