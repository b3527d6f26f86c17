"""Balanced tasks of sigmoids: worked numbers, Newton, 50 digits, cvxpy, thresholds and both regimes of the mean."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from sigmoid_program import SigmoidProgram
from thorough import examples

import theory
from ufm import MultiLabel, MultiSource, SingleSource, solve
from verify import certify, compare

BIASES = (None, 0.0, 0.02, 0.05, 5.0)
SETS = list(itertools.product((0, 1), repeat=3))


def settings(lambda_b: float | None, **more: Any) -> dict[str, Any]:
    return {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": lambda_b, "loss": "binary-cross-entropy", **more}


def problems(lambda_b: float | None) -> dict[str, Any]:
    b = {"lambda_b": lambda_b}
    smoothed = {"label_smoothing": 0.1, "reduction": "mean", "lambda_H": 0.02}
    return {
        "two classes": SingleSource.balanced((2,), n=20, **settings(**b)),
        "four classes": SingleSource.balanced((4,), n=20, **settings(**b)),
        "ten classes": SingleSource.balanced((10,), n=20, **settings(task_weights=(0.5,), **b)),
        "smoothed": SingleSource.balanced((5,), n=9, **settings(**b) | smoothed),
        "tasks": SingleSource.balanced((3, 5, 2), n=2, **settings(task_weights=(1, 0.5, 2), **b)),
        "tasks, one zero": SingleSource.balanced((3, 5), n=2, **settings(task_weights=(1, 0.1), **b) | smoothed),
        "orthogonal array": SingleSource.orthogonal_array(3, 4, **settings(**b)),
        "tasks alone": MultiSource([[5, 5, 5], [9, 9, 9, 9]], **settings(task_weights=(2, 0.7), **b) | smoothed),
        "sets of one label": MultiLabel.balanced(5, {1: 4}, **settings(**b)),
        "uncorrelated": MultiLabel.from_indicators(SETS, **settings(**b)),
        "zero": SingleSource.balanced((7,), n=2, **settings(**b) | {"lambda_H": 1.0, "lambda_W": 0.9}),
    }


NAMES = [(name, b) for b in BIASES for name in problems(b)]


def logits_of(solution: Any) -> np.ndarray:
    return np.concatenate([np.asarray(W) for W in solution.W]) @ np.asarray(solution.H)


@pytest.mark.parametrize(("name", "lambda_b"), NAMES)
def test_newton_finds_the_same_minimum(name, lambda_b):
    problem = problems(lambda_b)[name]
    prediction, solution = theory.predict(problem), solve(problem)
    assert prediction.objective == pytest.approx(solution.objective, rel=1e-11)
    for predicted, found in zip(prediction.b, solution.b, strict=True):
        np.testing.assert_allclose(np.asarray(found), predicted, atol=1e-8)
    if prediction.multi_source:
        for W, rows in zip(solution.W, np.split(prediction.gram_W, [3]), strict=True):
            rows = rows[:, ~np.isnan(rows).any(axis=0)]
            np.testing.assert_allclose(np.asarray(W) @ np.asarray(W).T, rows, atol=1e-7)
        return
    W = np.concatenate([np.asarray(W) for W in solution.W])
    np.testing.assert_allclose(W @ W.T, prediction.gram_W, atol=1e-7)
    np.testing.assert_allclose(logits_of(solution), prediction.logits, atol=1e-7)


@pytest.mark.parametrize(("name", "lambda_b"), NAMES)
def test_the_prediction_is_a_global_minimum_and_the_ball_holds_it(name, lambda_b):
    problem = problems(lambda_b)[name]
    prediction = theory.predict(problem)
    certificate = certify(problem, W=prediction.W(), H=prediction.H(), b=prediction.b)
    assert certificate.objective == pytest.approx(prediction.objective, rel=1e-13)
    assert certificate.gap <= 1e-12 * prediction.objective
    minimum = theory.objective_in_balls(problem)
    assert float(minimum.ball.rad()) < 1e-25 * minimum.lower
    assert minimum.lower * (1 - 1e-15) <= prediction.objective <= minimum.upper * (1 + 1e-15)
    assert certificate.lower_bound <= minimum.upper * (1 + 1e-14)


@pytest.mark.parametrize(
    ("K", "lambda_b", "minimum", "mu", "b"),
    [(4, 0.05, 15.233026655, 0.0, None), (10, 0.05, 55.346894715, -0.55380389, -4.0), (4, None, 17.920490994, None, 0)],
)
def test_worked_numbers(K, lambda_b, minimum, mu, b):
    problem = SingleSource.balanced((K,), n=20, **settings(lambda_b))
    prediction = theory.predict(problem)
    assert prediction.objective == pytest.approx(minimum, abs=1e-9)
    if mu is not None:
        np.testing.assert_allclose(prediction.logits.mean(axis=0), mu, atol=1e-8)
    if b is not None:
        np.testing.assert_allclose(prediction.b[0], b, atol=1e-12)
    assert (prediction.rank == K - 1) == (mu == 0)


@pytest.mark.parametrize("lambda_b", [None, 0.0, 0.05])
@pytest.mark.parametrize(("K", "n", "scale", "epsilon"), [(3, 8, 0.05, 0), (3, 8, 0.8, 0), (6, 4, 0.4, 0.25)])
def test_fifty_digits(K, n, scale, epsilon, lambda_b):
    """λ's of which products are exact in neither arithmetic: both read the same doubles."""
    root = scale * math.sqrt(n / 4)
    scalars = {"lambda_H": root * 1.3, "lambda_W": root / 1.3}
    problem = SingleSource.balanced((K,), n=n, **settings(lambda_b, label_smoothing=epsilon) | scalars)
    prediction = theory.predict(problem)
    with mp.workdps(50):
        value, a, mu, b = SigmoidProgram(K, n, *scalars.values(), lambda_b, epsilon).minimum()
        assert abs(prediction.objective / value - 1) < 4e-15
        lower, upper = (mp.mpf(x) for x in (theory.objective_in_balls(problem).lower, prediction.objective))
        assert lower <= value * (1 + mp.mpf(10) ** -20)
        assert upper >= value * (1 - mp.mpf("4e-15"))
        np.testing.assert_allclose(prediction.thresholds[0].margin, float(a), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(prediction.b[0], float(b), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(prediction.logits.mean(axis=0), float(mu), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("lambda_b", BIASES)
@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_margin_at_its_threshold(lambda_b, epsilon):
    """λ_Hλ_W = (1 − ε)² n/4 = 1 or 1/4, and the doubles beside it, decided between rationals."""
    edge = 4 * (1 - epsilon) ** 2 / 4
    for lambda_W, below in ((math.nextafter(edge, 0), True), (edge, False), (math.nextafter(edge, 9), False)):
        scalars = {"lambda_H": 1.0, "lambda_W": lambda_W, "label_smoothing": epsilon}
        prediction = theory.predict(SingleSource.balanced((5,), n=4, **settings(lambda_b) | scalars))
        (row,) = prediction.thresholds
        assert row.below == below
        assert (row.margin > 0) == below
        assert row.margin < 1e-14
        assert prediction.past_threshold != below


def test_the_bias_takes_the_mean_up_to_its_border():
    """|b| = τ √(N/K) / (2λ_b): below it no mean in the heads, at it the two regimes meet."""
    K, n = 10, 20
    free = theory.predict(SingleSource.balanced((K,), n=n, **settings(0.0)))
    tau = 2 * math.sqrt(0.05 * 0.04)
    # at the border the heads' pull is τ: p_on + (K−1) p_off = 1 + ρ, which says what m is and so what λ_b is
    rho = tau / math.sqrt(n)
    off, missed = 2 * rho / K, (K - 2) * rho / K
    m = (math.log((1 - missed) / missed) + (K - 1) * math.log(off / (1 - off))) / K
    border = tau * math.sqrt(n) / (2 * -m)
    for factor, mean in ((0.999, False), (1.001, True)):
        prediction = theory.predict(SingleSource.balanced((K,), n=n, **settings(border * factor)))
        bound = tau * math.sqrt(n) / (2 * border * factor)
        assert (prediction.rank == K) == mean
        assert np.abs(prediction.b[0]).max() == pytest.approx(bound, rel=1e-12 if mean else 0.01)
        assert mean or np.abs(prediction.b[0]).max() < bound
        assert ("heads take what the bias leaves" in prediction.regime) == mean
    assert free.rank == K - 1
    both = [theory.predict(SingleSource.balanced((K,), n=n, **settings(border * (1 + s)))) for s in (-1e-9, 1e-9)]
    assert both[0].objective == pytest.approx(both[1].objective, rel=1e-9)


def test_heads_without_bias_are_orthogonal_for_four_classes_alone():
    """K = 4: p_off = ρ/2 and 1 − p_on = ρ/2, so on = −off, μ = −a/4. The border of the mean is that of the margin."""
    for scale in (0.02, 0.5, 0.99):
        problem = SingleSource.balanced((4,), n=9, **settings(None) | {"lambda_H": scale, "lambda_W": scale * 9 / 4})
        prediction = theory.predict(problem)
        np.testing.assert_allclose(prediction.cosines, np.eye(4), atol=1e-12)
        a, mu = prediction.thresholds[0].margin, -prediction.logits.mean()
        assert mu == pytest.approx(a / 4, rel=1e-12)
    at = theory.predict(SingleSource.balanced((4,), n=9, **settings(None) | {"lambda_H": 1, "lambda_W": 9 / 4}))
    assert at.rank == 0
    signs = {K: theory.predict(SingleSource.balanced((K,), n=20, **settings(None))).cosines[0, 1] for K in (3, 5, 8)}
    assert signs[3] < -0.1
    assert signs[5] > 0.1
    assert signs[8] > signs[5]


def test_three_classes_without_bias_keep_the_mean_out_of_the_heads_near_their_threshold():
    """8ρ² − 24ρ + 9 = 0 is the border: above it the simplex, and both below the margin's own threshold."""
    border = (6 - 3 * math.sqrt(2)) / 4  # ρ, τ = ρ √n
    for factor, rank in ((0.999, 3), (1.001, 2)):
        root = factor * border * math.sqrt(16) / 2
        problem = SingleSource.balanced((3,), n=16, **settings(None) | {"lambda_H": root, "lambda_W": root})
        prediction = theory.predict(problem)
        assert prediction.rank == rank
        assert not prediction.past_threshold
        assert solve(problem).objective == pytest.approx(prediction.objective, rel=1e-11)


def test_no_bias_and_free_bias_are_limits():
    values = [
        theory.predict(SingleSource.balanced((3, 5), n=3, **settings(b))).objective
        for b in (0.0, 1e-9, 1e-3, 0.1, 1.0, 10.0, 1e9, None)
    ]
    assert values == sorted(values)
    assert values[0] == pytest.approx(values[1], rel=1e-8)
    assert values[-2] == pytest.approx(values[-1], rel=1e-8)


def test_means_of_several_tasks_share_one_direction():
    prediction = theory.predict(SingleSource.balanced((3, 5), n=3, **settings(5.0)))
    assert prediction.cosines[0, 3] > 0.01
    assert "SNC3" not in prediction.properties
    free = theory.predict(SingleSource.balanced((3, 5), n=3, **settings(0.0)))
    assert free.properties == ("SNC1", "SNC2", "SNC3", "SNC4", "SNC5")
    np.testing.assert_array_equal(free.cosines[:3, 3:], 0)


@pytest.mark.parametrize("name", ["four classes", "tasks", "tasks alone", "sets of one label", "uncorrelated"])
@pytest.mark.parametrize("lambda_b", [None, 0.0, 0.05])
def test_properties_are_measured(name, lambda_b):
    problem = problems(lambda_b)[name]
    assert compare(problem, solve(problem)).passed


@pytest.mark.parametrize("lambda_b", [None, 0.0, 0.05, 3.0])
def test_sigmoids_are_binary_tasks_with_half_the_penalties(lambda_b):
    """K tasks of two classes under cross-entropy; λ_W and λ_b twice those of the sigmoids."""
    sigmoids = theory.predict(MultiLabel.from_indicators(SETS, **settings(lambda_b)))
    double = None if lambda_b is None else 2 * lambda_b
    tasks = SingleSource.balanced((2, 2, 2), n=1, lambda_H=0.05, lambda_W=0.08, lambda_b=double)
    assert theory.predict(tasks).objective == pytest.approx(sigmoids.objective, rel=1e-14)
    assert theory.predict(tasks).thresholds[0].margin == pytest.approx(sigmoids.thresholds[0].margin, rel=1e-14)


def test_uncorrelated_labels_at_their_threshold():
    """λ_Hλ_W = N/16 = 1/2."""
    for lambda_W, below in ((math.nextafter(0.5, 0), True), (0.5, False)):
        problem = MultiLabel.from_indicators(SETS, **settings(1.0) | {"lambda_H": 1.0, "lambda_W": lambda_W})
        prediction = theory.predict(problem)
        assert prediction.thresholds[0].below == below
        assert prediction.rank == (3 if below else 0)


@pytest.mark.parametrize("lambda_b", [None, 0.3])
def test_cvxpy(lambda_b):
    cp = pytest.importorskip("cvxpy")
    problem = SingleSource.balanced((3, 4), n=2, **settings(lambda_b, task_weights=(1, 0.5)))
    Z, b = cp.Variable((7, 12)), cp.Variable((7, 1))
    c = np.repeat(problem.task_weights, problem.classes)
    Y = np.concatenate([np.eye(K)[problem.labels[:, t]].T for t, K in enumerate(problem.classes)])
    U = Z + (0 if lambda_b is None else b @ np.ones((1, 12)))
    loss = 2 * cp.sum(cp.multiply(c[:, None] * np.ones((1, 12)), cp.logistic(U) - cp.multiply(Y, U)))
    tau = 2 * math.sqrt(0.05 * 0.04)
    objective = loss + tau * math.sqrt(2) * cp.normNuc(np.diag(np.sqrt(c)) @ Z)
    objective += 0 if lambda_b is None else lambda_b * cp.sum(cp.multiply(c[:, None], cp.square(b)))
    value = cp.Problem(cp.Minimize(objective)).solve(solver="CLARABEL")
    assert theory.predict(problem).objective == pytest.approx(value, rel=1e-6)


@drawn(max_examples=examples(60))
@given(
    tasks=st.lists(st.tuples(st.sampled_from([2, 3, 4, 8]), st.floats(0.01, 100)), min_size=1, max_size=3),
    n=st.sampled_from([1, 50]),
    scale=st.floats(-9, 1.5),
    skew=st.floats(0.01, 100),
    lambda_b=st.one_of(st.sampled_from([None, 0.0]), st.floats(-12, 6).map(lambda power: 10**power)),
    epsilon=st.sampled_from([0.0, 0.1, 0.6]),
    reduction=st.sampled_from(["sum", "mean"]),
)
def test_any_penalties_lie_in_their_balls(tasks, n, scale, skew, lambda_b, epsilon, reduction):
    """The ball rests on weak duality alone."""
    classes, weights = zip(*tasks, strict=True)
    more = {"task_weights": weights, "label_smoothing": epsilon, "reduction": reduction}
    scalars = {"lambda_H": 10**scale * skew, "lambda_W": 10**scale / skew}
    problem = SingleSource.balanced(classes, n=n, **settings(lambda_b, **more) | scalars)
    objective, minimum = theory.predict(problem).objective, theory.objective_in_balls(problem)
    assert float(minimum.ball.rad()) < 1e-17 * minimum.lower
    assert minimum.lower * (1 - 4e-15) <= objective <= minimum.upper * (1 + 4e-15)


@pytest.mark.parametrize("lambda_b", [None, 0.3])
def test_sigmoids_are_binary_tasks_without_balance_too(lambda_b):
    """No closed form: Newton on both."""
    S = np.array([(0, 1, 1), (1, 0, 0), (1, 1, 1), (0, 1, 0), (0, 1, 0)])
    double = None if lambda_b is None else 2 * lambda_b
    sigmoids = solve(MultiLabel.from_indicators(S, **settings(lambda_b)))
    tasks = solve(SingleSource.from_labels(S, lambda_H=0.05, lambda_W=0.08, lambda_b=double))
    assert sigmoids.objective == pytest.approx(tasks.objective, rel=1e-11)


def test_not_covered_says_why():
    uneven = {
        "class": SingleSource([5, 5, 6], **settings(0.05)),
        "pair": SingleSource([[3, 2], [2, 3]], **settings(0.05)),
        "task 2": MultiSource([[3, 3], [4, 5]], **settings(0.05)),
        "sets of 1 to 2 labels": MultiLabel.balanced(4, {1: 2, 2: 1}, **settings(0.05)),
        "1 samples miss one": SingleSource.from_labels([[0, 1], [1, 0], [1, -1]], missing=-1, **settings(0.05)),
    }
    for reason, problem in uneven.items():
        with pytest.raises(theory.NotCovered) as found:
            theory.predict(problem)
        rows = " ".join(map(str, found.value.failures["Binary cross-entropy"]))
        assert reason in rows
        with pytest.raises(ValueError, match="no closed form"):
            theory.objective_in_balls(problem)
    smoothed = MultiLabel.from_indicators(SETS, **settings(0.05, label_smoothing=0.1))
    with pytest.raises(theory.NotCovered, match=r"label_smoothing = 0\.1"):
        theory.predict(smoothed)
