"""Predictions are right to rounding, relative, for tiny λ, huge N, and within an ulp of the thresholds."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

import theory
from ufm import MultiSource, SingleSource

DIGITS = 200  # a product of two doubles has 107 bits
ROUNDING = 1e-14
LAMBDA_H = 0.3  # no dyadic number: its products round


def exact_margin(K, threshold, lambda_H, lambda_W, digits=DIGITS, epsilon=0.0):
    """log(1/r − (K − 1)), r = (ε + √(λ_Hλ_W / threshold)) / K, the λ's and ε as the very doubles they are."""
    with localcontext() as context:
        context.prec = digits
        product, epsilon = Decimal(lambda_H) * Decimal(lambda_W), Decimal(epsilon)
        if product >= (1 - epsilon) ** 2 * threshold:
            return Decimal(0)
        return (K / (epsilon + (product / threshold).sqrt()) - (K - 1)).ln()


def exact_task(K, c, N, lambda_H, lambda_W, a):
    """c N log(1 + (K−1) e^{−a}) + 2 √(λ_Hλ_W) (K−1) √(cN/K) a."""
    tau = 2 * (Decimal(lambda_H) * Decimal(lambda_W)).sqrt()
    fit = c * N * (1 + (K - 1) * (-a).exp()).ln()
    return fit + tau * (K - 1) * (c * N / Decimal(K)).sqrt() * a


def lambdas_near(threshold, ulps):
    """λ_H and a λ_W some ulps below the largest that keeps their exact product below the threshold."""
    lambda_W = threshold / LAMBDA_H
    while Decimal(LAMBDA_H) * Decimal(lambda_W) >= Decimal(threshold):
        lambda_W = math.nextafter(lambda_W, 0)
    return LAMBDA_H, lambda_W - ulps * math.ulp(lambda_W)


@pytest.mark.parametrize("lambda_H", [1e-8, 3e-5, 0.05])
@pytest.mark.parametrize("lambda_W", [1e-8, 0.07])
@pytest.mark.parametrize(("classes", "n"), [((2, 2), 250_000_000), ((3, 3), 1), ((10, 7), 123)])
def test_objective_and_margins(classes, n, lambda_H, lambda_W):
    c = (1.0, 0.3)
    problem = SingleSource.balanced(classes, n=n, lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=1.0, task_weights=c)
    prediction = theory.predict(problem)
    N = math.prod(classes) * n
    with localcontext() as context:
        context.prec = 60
        total = Decimal(0)
        for K, weight, row in zip(classes, map(Decimal, c), prediction.thresholds, strict=True):
            a = exact_margin(K, weight * N / (4 * K), lambda_H, lambda_W, 60)
            total += exact_task(K, weight, N, lambda_H, lambda_W, a)
            assert row.margin == pytest.approx(float(a), rel=ROUNDING)
    assert prediction.objective == pytest.approx(float(total), rel=ROUNDING)


@pytest.mark.parametrize("epsilon", [1e-300, 1e-9, 0.1, 0.9, 1 - 2**-53])
@pytest.mark.parametrize("closeness", [1e-16, 1e-12, 1e-6, 0.5, 1 - 1e-14])
@pytest.mark.parametrize("K", [2, 10, 1000])
def test_smoothed_margin(epsilon, closeness, K):
    threshold = Decimal(K * 3) / (4 * K)  # one task of 3 samples a class
    with localcontext() as context:
        context.prec = DIGITS
        product = (1 - Decimal(closeness)) * (1 - Decimal(epsilon)) ** 2 * threshold
        lambda_W = float(product / Decimal(LAMBDA_H))
        exact = exact_margin(K, threshold, LAMBDA_H, lambda_W, epsilon=epsilon)
    problem = SingleSource.balanced(
        (K,), n=3, lambda_H=LAMBDA_H, lambda_W=lambda_W, lambda_b=1.0, label_smoothing=epsilon
    )
    if exact > 0:  # else the rounding of λ_W fell on the threshold
        assert theory.predict(problem).thresholds[0].margin == pytest.approx(float(exact), rel=ROUNDING)
    else:
        assert theory.predict(problem).regime == "zero"


def test_smoothed_cosine():
    """√n a for n = (7, 6), ε from nothing to nearly all, without cancellation."""
    for epsilon in (1e-300, 1e-12, 1e-3, 0.3, 0.9):
        problem = SingleSource.correlated(
            2, n_same=7_000_001, n_different=7_000_000, lambda_H=1e-3, lambda_W=0.3, lambda_b=1, label_smoothing=epsilon
        )
        with localcontext() as context:
            context.prec = DIGITS
            A = [
                Decimal(n).sqrt() * exact_margin(2, Decimal(n) / 2, 1e-3, 0.3, epsilon=epsilon)
                for n in (7_000_001, 7_000_000)
            ]
            expected = float((A[0] - A[1]) / (A[0] + A[1]))
        assert theory.predict(problem).cosines[0, 2] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("ulps", [0, 1, 5, 1000, 10**6])
@pytest.mark.parametrize(("K", "n"), [(2, 4), (3, 4), (10, 1)])
def test_margin_just_below_the_threshold(K, n, ulps):
    threshold = K * K * n / (4 * K)  # two tasks
    lambda_H, lambda_W = lambdas_near(threshold, ulps)
    problem = SingleSource.balanced((K, K), n=n, lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=1.0)
    prediction = theory.predict(problem)
    expected = exact_margin(K, Decimal(threshold), lambda_H, lambda_W)
    assert expected > 0
    for row in prediction.thresholds:
        assert row.margin == pytest.approx(float(expected), rel=ROUNDING)
    assert np.trace(prediction.gram_W) > 0


def test_means_near_the_threshold():
    """N λ_H · N λ_W against N/12, where the products with N would round."""
    N, threshold = 7 * 9, Decimal(7 * 9) / 12
    for shift in (1 - 1e-15, 1 - 1e-9, 1.0):
        lambda_W = float(threshold / N / N / Decimal(LAMBDA_H)) * shift
        problem = SingleSource.balanced(
            (3, 3), n=7, lambda_H=LAMBDA_H, lambda_W=lambda_W, lambda_b=1.0, reduction="mean"
        )
        with localcontext() as context:
            context.prec = DIGITS
            product = Decimal(LAMBDA_H) * N * Decimal(lambda_W) * N
            exact = (3 * (threshold / product).sqrt() - 2).ln() if product < threshold else Decimal(0)
        assert theory.predict(problem).thresholds[0].margin == pytest.approx(float(exact), rel=ROUNDING)


def test_multi_source_objective_with_means():
    n, K, c, lambda_H, lambda_W = (10**6, 3), (2, 5), (2.0, 0.5), 1e-8, 1e-4
    problem = MultiSource.balanced(
        K, n=n, lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=1.0, task_weights=c, reduction="mean"
    )
    with localcontext() as context:
        context.prec = 60
        total = Decimal(0)
        for n_t, K_t, c_t in zip(n, K, c, strict=True):
            N = K_t * n_t
            scaled = Decimal(lambda_H) * N, Decimal(lambda_W) * N
            a = exact_margin(K_t, Decimal(n_t) / 4, *scaled, 60)
            total += Decimal(c_t) * exact_task(K_t, 1, N, *scaled, a) / N
    assert theory.predict(problem).objective == pytest.approx(float(total), rel=ROUNDING)


@pytest.mark.parametrize(
    ("n_same", "n_different", "lambda_H", "lambda_W"),
    [
        (38, 2, 0.05, 0.05),
        (2, 38, 0.05, 0.05),
        (500_000_000, 499_999_999, 1e-8, 1e-8),
        (499_999_999, 500_000_000, 1e-3, 0.7),
        (1, 10**9, 1e-8, 3e-4),
        (10**9, 1, 0.2, 0.3),
        (8, 7, 0.3, math.nextafter(3.5 / 0.3, 0)),
        (8, 7, *lambdas_near(3.5, 0)),
        (7, 8, *lambdas_near(3.5, 3)),
        (7, 7, 1e-3, 1e-3),
        (10**6, 1, 1e-150, 1e-170),
    ],
)
def test_cosine(n_same, n_different, lambda_H, lambda_W):
    with localcontext() as context:
        context.prec = DIGITS
        A = [Decimal(n).sqrt() * exact_margin(2, Decimal(n) / 2, lambda_H, lambda_W) for n in (n_same, n_different)]
        expected = float((A[0] - A[1]) / (A[0] + A[1]))
    direct = theory.task_correlation_cosine(n_same, n_different, lambda_H, lambda_W)
    assert float(direct) == pytest.approx(expected, rel=ROUNDING, abs=0)
    problem = SingleSource.correlated(
        2, n_same=n_same, n_different=n_different, lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=1.0
    )
    if n_same != n_different:
        assert theory.predict(problem).cosines[0, 2] == pytest.approx(expected, rel=ROUNDING, abs=0)


def test_exactly_at_a_threshold():
    """c^t N/(4K_t) = 9/12 with λ's whose exact product is 0.75, and its neighbours."""
    settings = {"n": 1, "lambda_H": 1.5, "lambda_b": 1.0}
    for lambda_W, below in ((0.5, False), (math.nextafter(0.5, 0), True), (math.nextafter(0.5, 1), False)):
        row = theory.predict(SingleSource.balanced((3, 3), lambda_W=lambda_W, **settings)).thresholds[0]
        assert row.below is below
        assert (row.margin > 0) is below
