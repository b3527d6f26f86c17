"""The law of two correlated tasks with K classes: minimizers, thresholds, precision, the cosine over arrays."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from paper_problems import gradient_norm, objective, relative_gap
from thorough import examples

import theory
from theory.margins.class_correlation import class_margins
from theory.reading import read
from theory.theorems import correlated_classes, theorem_5_1
from ufm import SingleSource

NAME = "Theorem 5.1 with K classes"
BOTH = "heads neither parallel nor opposite"
PARALLEL = "rank K − 1: heads parallel, what they differ in past its threshold"
OPPOSITE = "rank K − 1: heads opposite, what they share past its threshold"


def correlated(K, n_same, n_different, product, *, ratio=2.0, **more):
    root = math.sqrt(product)
    penalties = {"lambda_H": root * ratio, "lambda_W": root / ratio, "lambda_b": 0.03}
    return SingleSource.correlated(K, n_same=n_same, n_different=n_different, **penalties, **more)


def law(problem):
    """The law's prediction, whichever theorem has precedence."""
    reading = read(problem)
    checked = correlated_classes.hypotheses(reading)
    assert all(row.holds for row in checked)
    return correlated_classes.predict(reading, checked)


# σ_a leaves zero at c K n_d/4 = 7.5, σ_s of more equal labels at c (2 n_s + (K−2) n_d)/4 = 12.5
CASES = {
    "both": (correlated(3, 20, 10, 0.0025), BOTH),
    "far below": (correlated(3, 20, 10, 1e-12), BOTH),
    "many classes": (correlated(12, 5, 3, 0.01), BOTH),
    "more differ": (correlated(4, 3, 40, 0.01), BOTH),
    "nothing agrees": (correlated(4, 0, 7, 0.01), BOTH),
    "nothing differs": (correlated(4, 7, 0, 0.01), PARALLEL),
    "parallel": (correlated(3, 20, 10, 7.6), PARALLEL),
    "opposite": (correlated(3, 1, 30, 19.0), OPPOSITE),
    "opposite, nothing agrees": (correlated(5, 0, 8, 8.9), OPPOSITE),
    "zero": (correlated(3, 20, 10, 12.6), "zero"),
    "weighted": (correlated(3, 20, 10, 0.2, task_weights=(0.3, 0.3)), BOTH),
    "weighted, parallel": (correlated(3, 20, 10, 0.31 * 7.5, task_weights=(0.3, 0.3)), PARALLEL),
    "smoothed": (correlated(5, 20, 10, 0.01, label_smoothing=0.1), BOTH),
    "smoothed, parallel": (correlated(3, 20, 10, 0.82 * 7.5, label_smoothing=0.1), PARALLEL),
    "smoothed, opposite": (correlated(10, 1, 40, 15.9, label_smoothing=0.6), OPPOSITE),
    "binary, weighted": (correlated(2, 5, 3, 0.1, task_weights=(2.0, 2.0)), BOTH),
    "mean": (correlated(3, 20, 10, 0.0025 / 120**2, reduction="mean"), BOTH),
    "mean, parallel": (correlated(3, 20, 10, 7.6 / 120**2, reduction="mean"), PARALLEL),
}


@pytest.mark.parametrize("name", CASES)
def test_is_a_certified_global_minimizer(name):
    problem, regime = CASES[name]
    prediction = theory.predict(problem)
    assert prediction.theorem.startswith(NAME)
    assert prediction.regime == regime
    assert not prediction.within_theorem
    point = prediction.W(), prediction.H(), prediction.b
    assert abs(relative_gap(problem, *point)) < 1e-12
    assert gradient_norm(problem, *point) < 1e-9
    assert prediction.objective == pytest.approx(objective(problem, *point), rel=1e-13)
    stacked = np.concatenate(prediction.W())
    np.testing.assert_allclose(stacked @ prediction.H(), prediction.logits, atol=1e-12)
    np.testing.assert_allclose(stacked @ stacked.T, prediction.gram_W, atol=1e-12)
    assert prediction.rank == np.linalg.matrix_rank(stacked) <= prediction.required_dim
    norms = np.sqrt(np.diag(prediction.gram_W))
    if norms.all():
        np.testing.assert_allclose(prediction.cosines, prediction.gram_W / np.outer(norms, norms), atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_claimed_properties_hold_and_others_do_not(name):
    problem, _ = CASES[name]
    prediction = theory.predict(problem)
    H, W, labels = prediction.H(), prediction.W(), problem.labels
    sums = sum(w[k].T for w, k in zip(W, labels.T, strict=True))
    lengths = np.linalg.norm(sums, axis=0) * np.linalg.norm(H, axis=0)
    aligned = (np.einsum("ij,ij->j", H, sums) >= (1 - 1e-9) * lengths).all()
    assert aligned == ("SNC4" in prediction.properties or prediction.regime == "zero")
    weights = prediction.feature_weights
    assert (weights is None) == ("SNC4" not in prediction.properties and prediction.regime != "zero")
    if weights is not None:
        total = sum(g * w[k].T for g, w, k in zip(weights, W, labels.T, strict=True))
        np.testing.assert_allclose(H, total, atol=1e-12)
    ranked = [np.sort(w @ H, axis=0) for w in W]
    clear = all((r[-1] - r[-2] > 1e-9).all() for r in ranked)
    right = all(((w @ H).argmax(axis=0) == k).all() for w, k in zip(W, labels.T, strict=True))
    assert (clear and right) == ("SNC5" in prediction.properties)


def test_a_law_wrong_by_two_is_refused():
    problem, _ = CASES["both"]
    prediction = theory.predict(problem)
    for factors in ((2.0, 1.0), (0.5, 1.0), (1.0, 1.1)):
        W, H = [factors[0] * w for w in prediction.W()], factors[1] * prediction.H()
        assert relative_gap(problem, W, H, prediction.b) > 1e-4


def test_worked_example():
    """K = 3, n_s = 20, n_d = 10, λ = 0.05."""
    prediction = theory.predict(correlated(3, 20, 10, 0.0025))
    assert prediction.objective == pytest.approx(15.6487639, abs=5e-8)
    assert prediction.cosines[0, 3] == pytest.approx(0.16596862, abs=5e-9)
    assert prediction.cosines[0, 4] == pytest.approx(-0.16596862 / 2, abs=5e-9)
    assert "SNC4" not in prediction.properties


@settings(max_examples=examples(150))
@given(
    K=st.integers(2, 7),
    counts=st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(any),
    power=st.floats(-6, 2.5),
    epsilon=st.sampled_from([0.0, 0.0, 1e-6, 0.1, 0.7]),
    c=st.sampled_from([1.0, 0.2, 5.0]),
)
def test_certified_over_whole_families(K, counts, power, epsilon, c):
    problem = correlated(K, *counts, 10.0**power, task_weights=(c, c), label_smoothing=epsilon)
    prediction = law(problem)
    point = prediction.W(), prediction.H(), prediction.b
    assert abs(relative_gap(problem, *point)) < 1e-11
    assert prediction.objective == pytest.approx(objective(problem, *point), rel=1e-12)
    for row in prediction.thresholds:  # the regime, from subgradients, against the thresholds' closed forms
        assume(abs(row.product / row.value - 1) > 1e-9 if row.value else True)
        assert row.below == (row.product < row.value)


@pytest.mark.parametrize("counts", [(38, 2), (2, 38), (38, 0), (0, 38), (5, 4)])
@pytest.mark.parametrize("product", [1e-10, 0.0025, 0.9, 5.0, 20.0])
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_two_classes_are_theorem_5_1(counts, product, epsilon):
    problem = correlated(2, *counts, product, label_smoothing=epsilon)
    reading = read(problem)
    one, other = theorem_5_1.predict(reading, ()), law(problem)
    assert one.objective == pytest.approx(other.objective, rel=1e-13)
    np.testing.assert_allclose(one.gram_W, other.gram_W, atol=1e-12)
    np.testing.assert_allclose(one.cosines, other.cosines, atol=1e-12)
    np.testing.assert_allclose(one.logits, other.logits, atol=1e-12)
    if other.regime == BOTH:  # else zero features, of which any multiple of zero is right
        np.testing.assert_allclose(one.feature_weights, other.feature_weights, atol=1e-12)
    for row, same in zip(other.thresholds, one.thresholds, strict=True):
        assert (row.value, row.below) == (pytest.approx(same.value), same.below)
        assert row.margin == pytest.approx(same.margin, rel=1e-12)


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.6])
@pytest.mark.parametrize(("K", "n_same", "n_different"), [(3, 20, 10), (3, 10, 20), (8, 0, 5), (30, 1, 3), (5, 5, 0)])
def test_regimes_change_at_their_thresholds(K, n_same, n_different, epsilon):
    def at(product):
        return law(correlated(K, n_same, n_different, product, label_smoothing=epsilon))

    for index, row in enumerate(at(1e-3).thresholds):
        if row.value > 0:
            assert at(row.value * (1 - 1e-6)).thresholds[index].below
            assert not at(row.value * (1 + 1e-6)).thresholds[index].below


def test_equal_counts_are_theorem_3_1():
    problem = correlated(4, 3, 3, 0.01)
    one, other = theory.predict(problem), law(problem)
    assert one.theorem == "Theorem 3.1"
    assert one.objective == pytest.approx(other.objective, rel=1e-13)
    np.testing.assert_allclose(one.gram_W, other.gram_W, atol=1e-12)
    np.testing.assert_allclose(one.logits, other.logits, atol=1e-12)


@pytest.mark.parametrize("K", [3, 10, 1000])
@pytest.mark.parametrize("counts", [(20, 10), (1, 10**6), (10**6, 1), (0, 7)])
@pytest.mark.parametrize(("penalty", "epsilon"), [(1e-8, 0.0), (1e-3, 0.0), (0.2, 0.0), (1e-4, 0.1)])
def test_margins_to_rounding(K, counts, penalty, epsilon):
    """The stationary point of the three-variable objective, found by mpmath from nearby, with 40 digits."""
    n_s, n_d = counts
    product = Fraction(penalty) ** 2
    at = class_margins(K, n_s, n_d, product, epsilon)
    if at.sigma_a == 0 or at.sigma_s == 0:
        pytest.skip("a corner, where the objective is not differentiable")
    with mpmath.workdps(40):
        tau, eps = 2 * mpmath.mpf(penalty), mpmath.mpf(epsilon)

        def gradient(alpha, s, t):
            sigma = mpmath.sqrt(2 * n_s * alpha**2 + (K - 2) * n_d * s**2)
            D = 1 + mpmath.exp(-t) + (K - 2) * mpmath.exp(-(s + t) / 2)
            q = mpmath.exp(-(s + t) / 2) / D
            by_alpha = K / (mpmath.exp(alpha) + K - 1) - eps - tau * alpha / sigma if n_s else alpha - at.alpha
            by_s = K * q - eps - tau * s / sigma
            by_t = 2 * mpmath.exp(-t) / D + (K - 2) * q - eps - tau / mpmath.sqrt(K * n_d)
            return by_alpha, by_s, by_t

        exact = mpmath.findroot(gradient, (at.alpha, at.s, at.t), tol=1e-30)
        for value, reference in zip((at.alpha, at.s, at.t), exact, strict=True):
            assert value == pytest.approx(float(reference), rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "weights", "hypothesis"),
    [
        ([[5, 2, 2], [2, 5, 2], [2, 2, 6]], None, "correlated"),
        ([[5, 2, 2], [2, 5, 2], [2, 3, 5]], None, "correlated"),
        ([[5, 2, 2], [2, 0, 2], [2, 2, 5]], None, "correlated"),
        ([[5, 2, 2], [2, 5, 2]], None, "equal classes"),
        ([[5, 2, 2], [2, 5, 2], [2, 2, 5]], (1, 2), "equal task weights"),
    ],
)
def test_each_hypothesis_is_needed(counts, weights, hypothesis):
    problem = SingleSource(counts, lambda_H=0.1, lambda_W=0.1, lambda_b=0.1, task_weights=weights)
    with pytest.raises(theory.NotCovered) as caught:
        theory.predict(problem)
    assert [row.name for row in caught.value.failures[NAME]] == [hypothesis]


def test_a_repeated_label_is_not_correlated():
    problem = correlated(3, 5, 2, 0.1)
    problem.labels = problem.labels[[0, 1, 2, 1, 4, 5, 6, 7, 8]]
    with pytest.raises(theory.NotCovered, match="correlated fails"):
        theory.predict(problem)


class TestCosine:
    def test_is_that_of_the_prediction(self):
        for K, n_s, n_d, penalty in [(3, 20, 10, 0.05), (3, 20, 10, 2.8), (10, 3, 50, 1e-6), (5, 0, 8, 0.3)]:
            settings = {"lambda_H": penalty, "lambda_W": penalty, "lambda_b": 0.1}
            problem = SingleSource.correlated(K, n_same=n_s, n_different=n_d, **settings)
            expected = theory.predict(problem).cosines[0, K]
            assert float(theory.class_correlation_cosine(K, n_s, n_d, penalty, penalty)) == expected

    def test_two_classes(self):
        n = np.arange(0, 41)
        one = theory.class_correlation_cosine(2, n, 40 - n, 0.05, 0.3)
        np.testing.assert_allclose(one, theory.task_correlation_cosine(n, 40 - n, 0.05, 0.3), atol=1e-13)

    @pytest.mark.parametrize("K", [3, 10])
    def test_rises_with_the_diagonal_at_fixed_samples(self, K):
        """Figures 61 and 62: one row of the count table has n samples in all."""
        row = 6000 if K == 3 else 5000
        n_same = np.linspace(0, row, 61)
        curve = theory.class_correlation_cosine(K, n_same, (row - n_same) / (K - 1), 5e-4, 5e-4)
        assert (np.diff(curve) > 0).all()
        assert curve[-1] == 1
        assert -1 < curve[0] < 0  # classes that never agree still share that they differ, K ≥ 3

    @pytest.mark.parametrize("K", [3, 7])
    def test_limit_of_vanishing_regularization(self, K):
        """α = γ, δ = 0: σ_s² ∝ 2 n_s + (K−2) n_d, σ_a² ∝ K n_d, as 1/log(1/λ)."""
        shared, apart = math.sqrt(2 * 20 + (K - 2) * 3), math.sqrt(3 * K)
        penalty = 10.0 ** np.array([-4.0, -8, -16, -32, -64, -140])
        distance = theory.class_correlation_cosine(K, 20, 3, penalty, penalty) - (shared - apart) / (shared + apart)
        assert (np.diff(np.abs(distance)) < 0).all()
        assert abs(distance[-1]) < 0.01

    def test_broadcasts(self):
        table = theory.class_correlation_cosine(np.array([[3], [4]]), 20, [10, 5, 1], 0.1, 0.1)
        assert table.shape == (2, 3)
        assert table[1, 2] == theory.class_correlation_cosine(4, 20, 1, 0.1, 0.1)
        assert theory.class_correlation_cosine(3, [], 2, 0.1, 0.1).shape == (0,)
        assert np.isnan(theory.class_correlation_cosine(3, 1, 1, 10.0, 10.0))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((1, 2, 3, 0.1, 0.1), "classes must be finite and whole numbers ≥ 2, got 1.0"),
            ((2.5, 2, 3, 0.1, 0.1), "classes must be"),
            ((3, -2, 3, 0.1, 0.1), "n_same must be finite and ≥ 0, got -2.0"),
            ((3, 2, math.nan, 0.1, 0.1), "n_different must be"),
            ((3, 2, 3, [0.1, 0.0], 0.1), "lambda_H must be finite and > 0, got 0.0"),
            ((3, 2, 3, 0.1, math.inf), "lambda_W must be"),
        ],
    )
    def test_impossible_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            theory.class_correlation_cosine(*arguments)


@pytest.mark.parametrize("name", ["classes", "n_same", "n_different", "lambda_H", "lambda_W"])
def test_an_integer_beyond_float64_is_refused_by_its_argument(name):
    arguments = {"classes": 3, "n_same": 5, "n_different": 1, "lambda_H": 0.05, "lambda_W": 0.05}
    with pytest.raises(ValueError, match=name):
        theory.class_correlation_cosine(**{**arguments, name: 10**400})


@pytest.mark.parametrize(("classes", "n_same", "n_different"), [(4, 5, 0), (4, 0, 5), (2, 5, 3)])
def test_labels_that_do_not_occur_have_no_margin(classes, n_same, n_different):
    at = class_margins(classes, n_same, n_different, Fraction(1, 100))
    assert (at.alpha > 0) is (n_same > 0)
    assert (at.s > 0) is ((classes - 2) * n_different > 0)
    assert (at.t > 0) is (n_different > 0)
