"""Label sets balanced within each multiplicity: the geometry of Li et al., and margins, minimum and threshold."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_problems import gradient_norm, objective, relative_gap
from thorough import examples

import theory
from theory.reading import read
from theory.theorems import multi_label
from ufm import MultiLabel, SingleSource

NAME = "Li et al. 2024, Theorem 1"


def balanced(classes, samples, product, *, ratio=2.0, **more):
    root = math.sqrt(product)
    penalties = {"lambda_H": root * ratio, "lambda_W": root / ratio, "lambda_b": 0.03}
    return MultiLabel.balanced(classes, samples, **penalties, **more)


# Σ v_m / 4 with v_m = n_m C(K−2, m−1): (10 + 5)/4 = 3.75 for {1: 10, 2: 5} of 3 classes
CASES = {
    "two sizes": balanced(3, {1: 10, 2: 5}, 0.0025),
    "one size": balanced(5, {3: 4}, 0.01),
    "every size": balanced(4, {1: 9, 2: 1, 3: 20, 4: 3}, 0.3),
    "far below": balanced(4, {1: 9, 2: 1, 3: 20}, 1e-9),
    "just below": balanced(3, {1: 10, 2: 5}, 3.75 * (1 - 1e-6)),
    "above": balanced(3, {1: 10, 2: 5}, 3.76),
    "mean": balanced(3, {1: 10, 2: 5}, 1e-5, reduction="mean"),
    "smoothed": balanced(4, {1: 10, 2: 5}, 0.01, label_smoothing=0.1),
    "smoothed above": balanced(3, {1: 10, 2: 5}, 0.82 * 3.75, label_smoothing=0.1),
    "all labels at once": balanced(3, {3: 7}, 0.01),
    "two classes": balanced(2, {1: 3, 2: 8}, 0.1),
}
ZERO = ("above", "smoothed above", "all labels at once")


@pytest.mark.parametrize("name", CASES)
def test_is_a_certified_global_minimizer(name):
    problem = CASES[name]
    prediction = theory.predict(problem)
    assert prediction.regime == ("zero" if name in ZERO else "every multiplicity below threshold")
    assert prediction.within_theorem == (name not in ZERO and "smoothed" not in name)
    point = prediction.W(), prediction.H(), prediction.b
    assert abs(relative_gap(problem, *point)) < 1e-12
    assert gradient_norm(problem, *point) < 1e-9
    assert prediction.objective == pytest.approx(objective(problem, *point), rel=1e-13)
    (head,) = prediction.W()
    np.testing.assert_allclose(head @ prediction.H(), prediction.logits, atol=1e-12)
    np.testing.assert_allclose(head @ head.T, prediction.gram_W, atol=1e-12)
    np.testing.assert_allclose(
        prediction.H(), prediction.feature_weights * (head.T @ problem.labels.T), atol=1e-12
    )  # h_S = C_m Σ w_k
    cosines = np.full((len(head), len(head)), np.nan) if name in ZERO else prediction.gram_W / prediction.gram_W[0, 0]
    np.testing.assert_allclose(prediction.cosines, cosines, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_the_shared_margin_is_the_root_mean_square_of_all(name):
    """a² Σ v_m = σ², σ the singular value that the logits of all samples share; v_m = n_m C(K−2, m−1)."""
    problem = CASES[name]
    prediction, (K,) = theory.predict(problem), problem.classes
    sigma = np.linalg.svd(prediction.logits * np.sqrt(problem.counts), compute_uv=False)[0]
    pull = sum(n * math.comb(K - 2, m - 1) / math.comb(K, m) for n, m in of_sizes(problem) if m < K)
    (row,) = prediction.thresholds
    assert row.margin**2 * pull == pytest.approx(sigma**2, rel=1e-12)


def of_sizes(problem):
    """(samples, members) of every set."""
    return zip(problem.counts.tolist(), problem.labels.sum(axis=1).tolist(), strict=True)


@settings(max_examples=examples(100))
@given(
    classes=st.integers(2, 6),
    samples=st.dictionaries(st.integers(1, 6), st.integers(1, 60), min_size=1),
    power=st.floats(-6, 2),
    epsilon=st.sampled_from([0.0, 0.0, 1e-6, 0.3]),
)
def test_certified_over_whole_families(classes, samples, power, epsilon):
    samples = {m: n for m, n in samples.items() if m <= classes} or {1: 3}
    problem = balanced(classes, samples, 10.0**power, label_smoothing=epsilon)
    prediction = theory.predict(problem)
    assert abs(relative_gap(problem, prediction.W(), prediction.H(), prediction.b)) < 1e-11
    (row,) = prediction.thresholds
    value = (1 - epsilon) ** 2 * sum(n * math.comb(classes - 2, m - 1) for m, n in samples.items() if m < classes) / 4
    assert row.value == pytest.approx(value, rel=1e-13)
    if value and abs(row.product / value - 1) > 1e-9:
        assert row.below == (row.product < value)


def test_worked_example():
    """K = 3, n_1 = 10, n_2 = 5, λ = 0.05."""
    prediction = theory.predict(CASES["two sizes"])
    assert prediction.objective == pytest.approx(25.0751119, abs=5e-8)
    a = np.ptp(prediction.logits, axis=0)
    np.testing.assert_allclose(a, [4.698551] * 3 + [4.141690] * 3, atol=5e-7)


@pytest.mark.parametrize("product", [1e-14, 1e-3, 2.0])
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_margins_to_rounding(product, epsilon):
    """The stationarity equations at 40 digits, from nearby."""
    K, samples = 7, {1: 1000, 3: 2, 6: 1}
    problem = balanced(K, samples, product, label_smoothing=epsilon)
    logits = theory.predict(problem).logits
    margins = [np.ptp(logits[:, problem.multiplicities == m]) for m in samples]
    with mpmath.workdps(40):
        tau = 2 * mpmath.sqrt(mpmath.mpf(problem.lambda_H) * mpmath.mpf(problem.lambda_W))

        def gradient(*a):
            weights = [n * math.comb(K - 2, m - 1) for m, n in samples.items()]
            sigma = mpmath.sqrt(sum(v * x**2 for v, x in zip(weights, a, strict=True)))
            pulls = [K / (m * mpmath.exp(x) + K - m) for m, x in zip(samples, a, strict=True)]
            return [f - mpmath.mpf(epsilon) - tau * x / sigma for f, x in zip(pulls, a, strict=True)]

        exact = mpmath.findroot(gradient, margins, tol=1e-30)
    for value, reference in zip(margins, exact, strict=True):
        assert value == pytest.approx(float(reference), rel=1e-13)


def test_sets_of_one_label_are_theorem_3_1():
    penalties = {"lambda_H": 0.2, "lambda_W": 0.1, "lambda_b": 0.1}
    one = theory.predict(MultiLabel.balanced(4, {1: 5}, **penalties))
    other = theory.predict(SingleSource.balanced((4,), n=5, **penalties))
    assert one.objective == pytest.approx(other.objective, rel=1e-14)
    np.testing.assert_allclose(one.gram_W, other.gram_W, rtol=1e-12)
    np.testing.assert_allclose(np.sort(one.logits, axis=None), np.sort(other.logits, axis=None), rtol=1e-12)
    assert one.thresholds[0].value == other.thresholds[0].value


def test_a_law_wrong_by_two_is_refused():
    problem = CASES["two sizes"]
    prediction = theory.predict(problem)
    for factors in ((2.0, 1.0), (1.0, 0.5)):
        W, H = [factors[0] * w for w in prediction.W()], factors[1] * prediction.H()
        assert relative_gap(problem, W, H, prediction.b) > 1e-4


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({(0,): 4, (1,): 4, (2,): 5}, "m = 1: 4 to 5 of 3 of 3 sets"),
        ({(0,): 4, (1,): 4}, "m = 1: 4 to 4 of 2 of 3 sets"),
        ({(0,): 4, (1,): 4, (2,): 4, (0, 1): 1}, "m = 2: 1 to 1 of 1 of 3 sets"),
    ],
)
def test_balance_is_needed(counts, found):
    problem = MultiLabel(counts, classes=3, lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    with pytest.raises(theory.NotCovered) as caught:
        theory.predict(problem)
    (row,) = caught.value.failures[NAME]
    assert found in row.found
    assert all(rows[0].found == "source 'multilabel'" for name, rows in caught.value.failures.items() if name != NAME)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("labels", np.full((6, 3), 2), "labels must be rows of 0 and 1"),
        ("labels", np.zeros((6, 2)), r"labels must have shape \(columns, K\) = \(6, 3\), got \(6, 2\)"),
        ("classes", (3, 3), r"classes must be \(K,\), one task, got \(3, 3\)|task_weights"),
    ],
)
def test_impossible_fields(field, value, message):
    problem = balanced(3, {1: 10, 2: 5}, 0.0025)
    setattr(problem, field, value)
    with pytest.raises(ValueError, match=message):
        theory.predict(problem)


def test_a_repeated_set_is_not_balance():
    problem = balanced(3, {1: 10}, 0.0025)
    problem.labels = problem.labels[[0, 1, 1]]
    assert not multi_label.hypotheses(read(problem))[-1].holds


def test_sets_without_samples_are_not_there():
    """A reader's own problem may list sets that no sample carries, of a size that is not balanced either."""
    problem = balanced(4, {1: 10, 2: 5}, 0.0025)
    before = theory.predict(problem)
    problem.labels = np.concatenate([problem.labels, [[1, 1, 1, 0]]])
    problem.counts = np.append(problem.counts, 0)
    with_more = theory.predict(problem)
    assert with_more.objective == before.objective
    np.testing.assert_array_equal(with_more.gram_W, before.gram_W)
