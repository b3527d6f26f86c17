"""theory.task_correlation_cosine: Theorem 5.1's curve, over arrays."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theory
from theory import task_correlation_cosine as cosine
from ufm import SingleSource


def literal(n_same, n_different, lambda_H, lambda_W):
    """Eq. 31 as printed."""
    A1, A2 = (math.sqrt(n) * math.log(math.sqrt(2 * n / (lambda_H * lambda_W)) - 1) for n in (n_same, n_different))
    return (A1 - A2) / (A1 + A2)


@pytest.mark.parametrize("counts", [(38, 2), (3000, 1000), (1, 3999), (20, 20)])
@pytest.mark.parametrize("penalty", [0.05, 1e-3, 1e-8])
def test_is_equation_31(counts, penalty):
    assert float(cosine(*counts, penalty, penalty)) == pytest.approx(literal(*counts, penalty, penalty), abs=1e-14)


def test_figure_3_of_the_paper():
    """N = 8000: rises with the diagonal from −1 to 1, through 0 at equal counts, odd about it."""
    n_same = np.arange(0, 4001)
    curve = cosine(n_same, 4000 - n_same, 0.05, 0.05)
    assert curve.shape == (4001,)
    assert curve[0] == -1
    assert curve[2000] == 0
    assert curve[-1] == 1
    np.testing.assert_array_equal(curve, -curve[::-1])
    assert (np.diff(curve) > 0).all()


@given(
    total=st.integers(2, 10**9),
    first=st.floats(0, 1),
    second=st.floats(0, 1),
    power=st.floats(-16, 1),
)
def test_rises_with_the_diagonal_at_fixed_samples(total, first, second, power):
    low, high = sorted((round(total * first), round(total * second)))
    penalty = 10.0**power
    curve = cosine(np.array([low, high]), total - np.array([low, high]), penalty, penalty)
    if not np.isnan(curve).any():
        assert -1 <= curve[0] <= curve[1] <= 1


def test_regimes_past_the_thresholds():
    """λ_Hλ_W against n/2: n = 2 has 1."""
    assert float(cosine(38, 2, 1.0, 1.0)) == 1
    assert float(cosine(38, 2, 5.0, 1.0)) == 1
    assert float(cosine(2, 38, 5.0, 1.0)) == -1
    assert float(cosine(38, 0, 0.1, 0.1)) == 1
    assert float(cosine(0, 38, 0.1, 0.1)) == -1
    assert np.isnan(cosine(38, 2, 19.0, 1.0))
    assert np.isnan(cosine(0, 0, 0.1, 0.1))
    assert np.isnan(cosine(2, 2, 1.0, 1.0))
    just_below = math.nextafter(1.0, 0)
    assert 0.9 < float(cosine(38, 2, just_below, 1.0)) <= 1
    assert 0.9 < float(cosine(38, 2, 1 - 1e-9, 1.0)) < 1


@pytest.mark.parametrize("counts", [(38, 2), (2, 38), (3999, 1), (38, 0), (0, 38)])
@pytest.mark.parametrize("penalty", [1e-8, 0.05, 1.0, 3.0, 8.0])
def test_is_the_cosine_of_the_prediction(counts, penalty):
    settings = {"lambda_H": penalty, "lambda_W": penalty, "lambda_b": 0.1}
    problem = SingleSource.correlated(2, n_same=counts[0], n_different=counts[1], **settings)
    predicted = theory.predict(problem).cosines[0, 2]
    np.testing.assert_allclose(cosine(*counts, penalty, penalty), predicted, rtol=1e-15, equal_nan=True)


def exact_cosine(n_same, n_different, lambda_H, lambda_W):
    """Eq. 31 with its thresholds, of the doubles given."""

    def A(n):
        r = mp.mpf(n) / (2 * mp.mpf(lambda_H) * mp.mpf(lambda_W))
        return mp.sqrt(n) * mp.log(2 * mp.sqrt(r) - 1) if r > 1 else mp.mpf(0)

    return (A(n_same) - A(n_different)) / (A(n_same) + A(n_different))


@pytest.mark.parametrize("below", [0.9, 0.5, 0.1, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
@pytest.mark.parametrize("counts", [(3, 2), (38, 2), (1001, 1000), (2**40 + 1, 2**40), (7, 123_456_789)])
def test_accurate_to_rounding_beside_either_threshold(counts, below):
    """λ_Hλ_W (1 − below) of n/2, where it rounds by as much as r − 1 is, and the λ's are nothing like each other."""
    rng = np.random.default_rng(0)
    for n in counts:
        for lambda_H in rng.uniform(1.0, 2.0, 5) * 10.0 ** rng.integers(-6, 6, 5):
            lambda_W = n / 2 * (1.0 - below) / lambda_H
            with mp.workdps(60):
                exact = exact_cosine(*counts, lambda_H, lambda_W) if lambda_H * lambda_W < max(counts) / 2 else mp.nan
            np.testing.assert_allclose(cosine(*counts, lambda_H, lambda_W), float(exact), rtol=1e-14)


@pytest.mark.parametrize("counts", [(38, 2), (3000, 1000), (2, 38)])
def test_limit_of_vanishing_regularization(counts):
    """cos → (√n_s − √n_d)/(√n_s + √n_d) as λ → 0, as 1/log(1/λ)."""
    a, b = map(math.sqrt, counts)
    limit = (a - b) / (a + b)
    powers = np.array([-10.0, -20, -40, -80, -150])
    distance = np.abs(cosine(*counts, 10.0**powers, 10.0**powers) - limit)
    assert (np.diff(distance) < 0).all()
    # a = log(1/λ) + ½ log 2n + …, so to first order the distance is ab/(a+b)² log(n_s/n_d) / log(1/λ)
    slope = a * b / (a + b) ** 2 * abs(math.log(counts[0] / counts[1]))
    np.testing.assert_allclose(distance * -powers * math.log(10), slope, rtol=0.2)
    np.testing.assert_allclose((distance * -powers * math.log(10))[-1], slope, rtol=0.02)


def test_broadcasts():
    n_same = np.array([[10], [20], [30]])
    penalty = np.array([0.01, 0.1])
    table = cosine(n_same, 5, penalty, 0.2)
    assert table.shape == (3, 2)
    assert table.dtype == np.float64
    for i, n in enumerate((10, 20, 30)):
        for j, value in enumerate((0.01, 0.1)):
            assert table[i, j] == cosine(n, 5, value, 0.2)
    assert cosine(10, 5, 0.1, 0.1).shape == ()
    assert cosine([], 5, 0.1, 0.1).shape == (0,)
    assert cosine([10, 2**62], [5, 1], 0.1, [1, 2]).shape == (2,)


@given(n_same=st.integers(0, 10**9), n_different=st.integers(0, 10**9), h=st.floats(1e-8, 1e3), w=st.floats(1e-8, 1e3))
def test_symmetries(n_same, n_different, h, w):
    value = cosine(n_same, n_different, h, w)
    np.testing.assert_array_equal(value, -cosine(n_different, n_same, h, w))  # swapping a task's classes
    np.testing.assert_array_equal(value, cosine(n_same, n_different, w, h))  # only the product enters
    np.testing.assert_array_equal(value, cosine(n_same, n_different, 4 * h, w / 4))
    np.testing.assert_allclose(value, cosine(4 * n_same, 4 * n_different, 2 * h, 2 * w), rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 2, 0.1, 0.1), "n_same must be finite and ≥ 0, got -1.0"),
        (([1, 2], [3, -4], 0.1, 0.1), "n_different must be finite and ≥ 0, got -4.0"),
        ((1, math.inf, 0.1, 0.1), "n_different must be finite"),
        ((math.nan, 1, 0.1, 0.1), "n_same must be finite"),
        ((1, 2, 0.0, 0.1), "lambda_H must be finite and > 0, got 0.0"),
        ((1, 2, 0.1, [0.1, -1e-9]), "lambda_W must be finite and > 0, got -1e-09"),
        ((1, 2, 0.1, math.inf), "lambda_W must be finite"),
    ],
)
def test_impossible_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        cosine(*arguments)


@pytest.mark.parametrize("value", ["ten", [1, [2, 3]], {"n": 1}])
def test_what_is_no_number_is_named(value):
    for position, name in enumerate(("n_same", "n_different", "lambda_H", "lambda_W")):
        arguments = [10, 5, 0.1, 0.1]
        arguments[position] = value
        message = f"{name} must be a number or an array of numbers"
        with pytest.raises(TypeError, match=message):
            theory.task_correlation_cosine(*arguments)
        with pytest.raises(TypeError, match=message):
            theory.class_correlation_cosine(3, *arguments)
