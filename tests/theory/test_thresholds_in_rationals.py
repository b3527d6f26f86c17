"""Threshold.below of the laws that share one root, against rationals and 60 digits; λ's far apart."""

import math
from fractions import Fraction
from types import SimpleNamespace

import mpmath as mp
import numpy as np
import pytest

import theory
from theory.margins.threshold import formal_margin
from theory.reading import read
from theory.theorems import correlated_classes
from ufm import MultiLabel, MultiSource, SingleSource


def around(value):
    """λ_W beside λ_H = 2 at the threshold rounded to float64, and one rounding below and above."""
    at = float(value / 2)
    return at, float(np.nextafter(at, 0)), float(np.nextafter(at, math.inf))


def check(problem, row, value):
    below = Fraction(problem.lambda_H) * Fraction(problem.lambda_W) < value
    assert row.below is below
    assert (row.margin > 0) is below
    prediction = theory.predict(problem)
    assert (prediction.regime == "zero") is (not any(other.below for other in prediction.thresholds))
    assert np.isfinite(prediction.objective)


@pytest.mark.parametrize("seed", range(25))
def test_at_the_rounding_of_the_threshold(seed):
    rng = np.random.default_rng(seed)
    epsilon = float(rng.choice([0, 0.25, 0.1, 0.7]))
    hard = (1 - Fraction(epsilon)) ** 2 / 4
    K, n_d = int(rng.integers(2, 8)), int(rng.integers(0, 50))
    n_s = n_d + int(rng.integers(0, 100)) + (n_d == 0)
    value = hard * (2 * n_s + (K - 2) * n_d)
    for w in around(value):
        problem = SingleSource.correlated(
            K, n_same=n_s, n_different=n_d, lambda_H=2.0, lambda_W=w, lambda_b=0.1, label_smoothing=epsilon
        )
        check(problem, correlated_classes.predict(read(problem), ()).thresholds[0], value)
    samples = {m: int(rng.integers(1, 50)) for m in range(1, int(rng.integers(2, K + 1)))}
    value = hard * sum(n * math.comb(K - 2, m - 1) for m, n in samples.items())
    for w in around(value):
        sets = MultiLabel.balanced(K, samples, lambda_H=2.0, lambda_W=w, lambda_b=0.1, label_smoothing=epsilon)
        check(sets, theory.predict(sets).thresholds[0], value)


@pytest.mark.parametrize("counts", [(3, 1, 2), (4, 3, 20), (7, 0, 5), (10, 4, 21)])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.6])
def test_the_quartic_threshold_is_decided_beyond_float64(counts, epsilon):
    """n_s < n_d: 2 n_s (1 − ε)² + (K−2) n_d (K q − ε)² against τ², q from minimizing over t in 60 digits."""
    K, n_s, n_d = counts
    made = lambda w: SingleSource.correlated(
        K, n_same=n_s, n_different=n_d, lambda_H=1.0, lambda_W=w, lambda_b=0.1, label_smoothing=epsilon
    )
    at = float(theory.predict(made(1e-3)).thresholds[0].value)
    with mp.workdps(60):
        e = mp.mpf(epsilon)

        def excess(product):
            """At s = 0: p_k, p_l, q ∝ e^{t/2}, e^{−t/2}, 1, and t best where 2 p_l + (K−2) q = ε + τ/√(K n_d)."""
            tau = 2 * mp.sqrt(mp.mpf(product))
            pull = tau / mp.sqrt(K * n_d)
            total = lambda t: mp.exp(t / 2) + mp.exp(-t / 2) + K - 2
            t = mp.findroot(
                lambda t: (2 * mp.exp(-t / 2) + K - 2) / total(t) - e - pull,
                (0, 60),
                solver="anderson",
            )
            return 2 * n_s * (1 - e) ** 2 + (K - 2) * n_d * (K / total(t) - e) ** 2 - tau**2

        for steps in (-3, -1, 0, 1, 3):
            w = at * (1 + steps * 2.0**-52)
            row = theory.predict(made(w)).thresholds[0]
            assert row.below is bool(excess(w) > 0)
            assert (row.margin > 0) is row.below


@pytest.mark.parametrize("relative", [1e-4, 1e-7, 1e-9, 1e-13])
def test_margins_leave_zero_as_60_digits_say(relative):
    """K = 4, sizes 1 and 2: f_m(a) = 4/(m e^a + 4 − m) = τ a/σ by bisection on σ."""
    weights = {1: 40 * math.comb(2, 0), 2: 9 * math.comb(2, 1)}
    value = Fraction(sum(weights.values()), 4)
    w = float(value * (1 - Fraction(relative)) / 2)
    problem = MultiLabel.balanced(4, {1: 40, 2: 9}, lambda_H=2.0, lambda_W=w, lambda_b=0.1)
    with mp.workdps(60):
        tau = 2 * mp.sqrt(2 * mp.mpf(w))

        def margin(m, mu):
            return mp.findroot(lambda a: 4 / (m * mp.exp(a) + 4 - m) - mu * a, 1 / mu)

        def balance(sigma):
            return mp.sqrt(sum(v * margin(m, tau / sigma) ** 2 for m, v in weights.items())) / sigma - 1

        first = relative * tau * sum(weights.values()) / sum(v * m / 2 for m, v in weights.items())
        sigma = mp.findroot(balance, (0.99 * first, 1.01 * first), solver="anderson")
        wanted = float(sigma / mp.sqrt(sum(weights.values())))
    assert theory.predict(problem).thresholds[0].margin == pytest.approx(wanted, rel=3e-8)


FAR = [(1e-160, 3e159), (1e214, 1e-220), (1e-220, 1e214), (1e300, 1e-300), (1e-300, 1e300)]


@pytest.mark.parametrize(("lambda_H", "lambda_W"), FAR)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize(
    "make",
    [
        lambda **more: SingleSource([5, 5, 5], **more),
        lambda **more: SingleSource.balanced((2, 3), 4, task_weights=(0.5, 2.0), **more),
        lambda **more: MultiSource.balanced((3, 2), (4, 5), **more),
        lambda **more: SingleSource.correlated(2, n_same=5, n_different=2, **more),
        lambda **more: SingleSource.correlated(3, n_same=5, n_different=2, **more),
        lambda **more: MultiLabel.balanced(3, {1: 4, 2: 3}, **more),
    ],
)
def test_lambdas_whose_ratio_leaves_float64(make, lambda_H, lambda_W, reduction):
    """min F depends on λ_Hλ_W alone; W Wᵀ √(λ_W/λ_H) does too."""
    product = float(Fraction(lambda_H) * Fraction(lambda_W))
    more = {"lambda_b": 1.0, "reduction": reduction}
    far = theory.predict(make(lambda_H=lambda_H, lambda_W=lambda_W, **more))
    near = theory.predict(make(lambda_H=math.sqrt(product), lambda_W=math.sqrt(product), **more))
    assert far.objective == pytest.approx(near.objective, rel=1e-13)
    ratio = math.sqrt(lambda_W) / math.sqrt(lambda_H)
    np.testing.assert_allclose(far.gram_W * ratio, near.gram_W, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(far.cosines, near.cosines, rtol=1e-12, atol=1e-12)
    H = far.H() if isinstance(far.H(), list) else [far.H()]
    assert all(np.isfinite(part).all() for part in (*H, *far.W()))


def test_heads_beyond_float64_are_refused_by_name():
    with pytest.raises(ValueError, match=r"lambda_H=1e\+308, lambda_W=1e-310 are too far apart"):
        theory.predict(SingleSource([5, 5, 5], lambda_H=1e308, lambda_W=1e-310, lambda_b=1.0))


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1.7e308])
def test_products_beyond_float64(size):
    problem = SingleSource([5, 5, 5], lambda_H=size, lambda_W=size, lambda_b=1.0, reduction="mean")
    prediction = theory.predict(problem)
    margin = prediction.thresholds[0].margin
    with mp.workdps(60):  # log((K/2) √(n/λ²) − (K − 1)) with λ's times N = 15
        wanted = 0.0 if size > 1 else float(mp.log(1.5 * mp.sqrt(5) / (15 * mp.mpf(size)) - 2))
    assert margin == pytest.approx(wanted, rel=1e-14)
    assert np.isfinite(prediction.objective)


def test_a_number_beyond_float64_is_refused_by_name():
    with pytest.raises(ValueError, match="n_same has an integer beyond float64"):
        theory.class_correlation_cosine(3, 10**400, 1, 0.05, 0.05)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("ratio", [4.0, 1.5, 1.0, 0.9, 0.3, 0.01])
@pytest.mark.parametrize("epsilon", [0.0, 0.2])
def test_the_formal_margin_has_no_value_where_its_logarithm_has_none(classes, ratio, epsilon):
    """a = log(1/r − (K − 1)), r = ε/K + √(λ_H λ_W / hard) / K, at any λ's: negative past the threshold, then −∞."""
    problem = SimpleNamespace(label_smoothing=epsilon, product=Fraction(1))
    with mp.workdps(60):
        inverse = classes / (mp.mpf(epsilon) + 1 / mp.sqrt(mp.mpf(ratio))) - (classes - 1)
        expected = float(mp.log(inverse)) if inverse > 0 else -math.inf
    assert formal_margin(classes, Fraction(ratio), problem) == pytest.approx(expected, rel=1e-14, abs=1e-300)
