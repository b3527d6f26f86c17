"""Laws without a closed form: their equations hold at minima that a solver found knowing nothing of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import theory
import ufm
from theory.derivations import derive

STATIONARY = 1e-6  # the square root of the solver's relative accuracy, per sample


def stacked(solution):
    return np.concatenate([np.asarray(W) for W in solution.W])


def at(derived, result, known):
    return float(derived.numeric(result)(**{s.name: known[s.name] for s in derived.results[result].free_symbols}))


@pytest.mark.parametrize("K", [3, 4])
@pytest.mark.parametrize(("n_s", "n_d"), [(20, 10), (4, 9)])
def test_correlated_classes(K, n_s, n_d):
    """α, γ, δ read off the solver's logits; then objective, three equations, Gram matrix and cosines."""
    scalars = {"lambda_H": 0.03, "lambda_W": 0.08}
    problem = ufm.SingleSource.correlated(K, n_same=n_s, n_different=n_d, lambda_b=1.0, **scalars)
    solution = ufm.solve(problem)
    W, H = stacked(solution), np.asarray(solution.H)
    column = {tuple(map(int, label)): u for label, u in zip(problem.labels, (W @ H).T, strict=True)}
    same, different = column[0, 0][:K], column[0, 1][:K]
    known = scalars | {
        "K": K,
        "n_s": n_s,
        "n_d": n_d,
        "alpha": same[0] - same[1],
        "gamma": different[0] - different[2],
        "delta": different[1] - different[2],
    }
    law = derive("correlated-classes")
    assert at(law, "reduced_objective", known) == pytest.approx(solution.objective, rel=1e-9)
    for variable in ("alpha", "gamma", "delta"):
        assert abs(at(law, f"gradient_{variable}", known)) < STATIONARY * K**2 * (n_s + n_d)
    gram = W @ W.T
    cosines = gram / gram[0, 0]
    for result, measured in {
        "gram_diagonal": gram[0, 0],
        "gram_between": gram[0, K],
        "cosine": cosines[0, K],
        "cosine_other_class": cosines[0, K + 1],
        "cosine_within": cosines[0, 1],
    }.items():
        assert at(law, result, known) == pytest.approx(measured, rel=1e-6), result
    assert at(law, "cosine", known) == pytest.approx(
        float(theory.class_correlation_cosine(K, n_s, n_d, scalars["lambda_H"], scalars["lambda_W"])), rel=1e-6
    )


@pytest.mark.parametrize(("K", "samples"), [(3, {1: 10, 2: 5}), (4, {1: 3, 2: 6, 3: 2})])
def test_multi_label(K, samples):
    """a_m read off the solver's logits; then objective, stationarity, tag-wise sums."""
    scalars = {"lambda_H": 0.05, "lambda_W": 0.02}
    problem = ufm.MultiLabel.balanced(classes=K, n_by_multiplicity=samples, lambda_b=1.0, **scalars)
    solution = ufm.solve(problem)
    W, H = stacked(solution), np.asarray(solution.H)
    law = derive("multi-label")
    logits, sizes = W @ H, np.asarray(problem.labels).sum(axis=1)
    parts = []
    for m, n_m in samples.items():
        parts.append(scalars | {"K": K, "m": m, "n_m": n_m, "a_m": float(np.ptp(logits[:, sizes == m], axis=0)[0])})
    sigma = math.sqrt(sum(at(law, "squared_singular_value", part) for part in parts))
    tau = 2 * math.sqrt(scalars["lambda_H"] * scalars["lambda_W"])
    total = sum(at(law, "loss", part) for part in parts) + tau * (K - 1) * sigma
    assert total == pytest.approx(solution.objective, rel=1e-9)
    for part in parts:
        known = part | {"sigma": sigma}
        assert abs(at(law, "gradient", known)) < STATIONARY * K**2 * part["n_m"]
        tagwise = at(law, "feature_weight", known) * W.T @ np.asarray(problem.labels).T
        columns = sizes == part["m"]
        np.testing.assert_allclose(H[:, columns], tagwise[:, columns], atol=1e-6)
    gram = W @ W.T
    assert at(law, "gram_diagonal", scalars | {"K": K, "sigma": sigma}) == pytest.approx(gram[0, 0], rel=1e-6)
    assert at(law, "gram_off_diagonal", scalars | {"K": K, "sigma": sigma}) == pytest.approx(gram[0, 1], rel=1e-6)


@pytest.mark.parametrize("side", [0.97, 1.03])
def test_multi_label_threshold(side):
    """ν = Σ_m n_m C(K − 2, m − 1) decides whether the solver finds zero."""
    K, samples = 4, {1: 3, 2: 6, 3: 2}
    nu = sum(n * math.comb(K - 2, m - 1) for m, n in samples.items())
    threshold = float(derive("multi-label").numeric("threshold")(nu=nu))
    root = math.sqrt(side * threshold)
    problem = ufm.MultiLabel.balanced(classes=K, n_by_multiplicity=samples, lambda_H=root, lambda_W=root, lambda_b=1.0)
    W = stacked(ufm.solve(problem))
    assert (np.abs(W).max() > 1e-3) == (side < 1)


@pytest.mark.parametrize("name", ["correlated-classes", "multi-label"])
def test_gradients_are_finite_differences(name):
    rng = np.random.default_rng(3)
    law = derive(name)
    if name == "correlated-classes":
        point = {"K": 4.0, "n_s": 3.0, "n_d": 2.0, "alpha": 1.1, "gamma": 0.9, "delta": 0.2}
        point |= {"lambda_H": 0.3, "lambda_W": 0.7}
        value, variables = lambda at_: at(law, "reduced_objective", at_), ("alpha", "gamma", "delta")
        slopes = {v: at(law, f"gradient_{v}", point) for v in variables}
    else:
        point = {"K": 5.0, "m": 2.0, "n_m": 3.0, "a_m": 1.0 + rng.random(), "lambda_H": 0.3, "lambda_W": 0.7}
        rest, tau = 2.5, 2 * math.sqrt(0.3 * 0.7)

        def spread(at_):
            return math.sqrt(at(law, "squared_singular_value", at_) + rest)

        value = lambda at_: at(law, "loss", at_) + tau * (at_["K"] - 1) * spread(at_)
        slopes = {"a_m": at(law, "gradient", point | {"sigma": spread(point)})}
    for variable, slope in slopes.items():
        step = 1e-5
        up, down = (value(point | {variable: point[variable] + sign * step}) for sign in (1, -1))
        assert slope == pytest.approx((up - down) / (2 * step), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("K", [2, 3, 5])
def test_vanishing_regularization(K):
    """The cosine of the law approaches its limit like 1/log(1/λ): twice the logarithm, about half the distance."""
    n_s, n_d = 7, 2
    limit = float(derive("vanishing-regularization").numeric("cosine")(K=K, n_s=n_s, n_d=n_d))
    distances = [
        abs(float(theory.class_correlation_cosine(K, n_s, n_d, penalty, penalty)) - limit) for penalty in (1e-20, 1e-40)
    ]
    assert distances[0] < 0.05
    assert 1.7 < distances[0] / distances[1] < 2.3
    if K == 2:
        binary = derive("vanishing-regularization").numeric("cosine_binary")(n_s=n_s, n_d=n_d)
        assert float(binary) == pytest.approx(limit, rel=1e-14)
    multiplier = derive("vanishing-regularization").numeric("multiplier")
    assert (multiplier(K=K, n_s=np.logspace(-6, 6, 13), n_d=1.0) > 0).all()
