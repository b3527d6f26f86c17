"""The bound on the geometry from the gap holds at points that are nearly optimal, and is not idle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ufm
import verify
from verify.falsification.resolution import gram, gram_error, resolution
from verify.losses import LOSSES
from verify.reading.read import read

SHARED = {"lambda_H": 0.1, "lambda_W": 0.03, "lambda_b": 0.2}
LAMBDAS = {"lambda_H": 0.1, "lambda_W": 0.03}
FREE, NONE = {**LAMBDAS, "lambda_b": 0.0}, {**LAMBDAS, "lambda_b": None}
PROBLEMS: dict[str, Any] = {
    "balanced": ufm.SingleSource.balanced((3, 2), 4, **SHARED, task_weights=(2, 1)),
    "arbitrary": ufm.SingleSource([[5, 1, 0], [2, 2, 3]], **SHARED),
    "mean": ufm.SingleSource([[5, 1], [2, 2]], lambda_H=0.01, lambda_W=0.01, lambda_b=0.01, reduction="mean"),
    "smoothed": ufm.SingleSource([[5, 1], [2, 2]], **SHARED, label_smoothing=0.2),
    "multi source": ufm.MultiSource([[5, 1, 3], [2, 2]], **SHARED, task_weights=(1, 3)),
    "free bias": ufm.SingleSource([[5, 1, 0], [2, 2, 3]], **FREE, task_weights=(1, 3)),
    "no bias": ufm.SingleSource([[5, 1, 0], [2, 2, 3]], **NONE),
    "squared error": ufm.SingleSource([[5, 1, 0], [2, 2, 3]], **SHARED, loss="squared-error"),
    "sigmoids": ufm.SingleSource([[5, 1, 0], [2, 2, 3]], **SHARED, loss="binary-cross-entropy"),
    "squared error, free bias": ufm.SingleSource([5, 1, 3], **FREE, loss="squared-error"),
    "sigmoids, free bias": ufm.SingleSource([5, 1, 3], **FREE, loss="binary-cross-entropy"),
    "mixed, no bias": ufm.SingleSource([[5, 1], [2, 2]], **NONE, loss=("squared-error", "cross-entropy")),
    "regression": ufm.Regression([[0.5, 1.0], [-1.0, 0.3], [2.0, 0.0]], **FREE),
    "multi label": ufm.MultiLabel({(0,): 3, (1,): 2, (0, 2): 4, (2,): 1}, classes=3, **SHARED),
}


def test_targets_of_zero_are_fitted_by_zero() -> None:
    """F* = 0, which no unit of F divides by."""
    problem = ufm.Regression([[0.0], [0.0]], **SHARED)
    solution = ufm.solve(problem)
    assert resolution(read(problem, solution), verify.certify(problem, solution)) == 0.0


@pytest.mark.parametrize("name", list(PROBLEMS))
@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-7])
def test_bound_holds_at_perturbed_points(name: str, noise: float) -> None:
    problem = PROBLEMS[name]
    exact = ufm.solve(problem)
    random = np.random.default_rng(1)

    def nudge(tensor: Any) -> Any:
        return np.asarray(tensor) + noise * random.standard_normal(tensor.shape)

    features = [nudge(h) for h in exact.H] if isinstance(exact.H, list) else nudge(exact.H)
    b = exact.b if problem.lambda_b is None else [nudge(b) for b in exact.b]
    near = SimpleNamespace(W=[nudge(w) for w in exact.W], b=b, H=features, labels=exact.labels)
    certificate = verify.certify(problem, near)
    for there, here, own in zip(
        read(problem, exact).samples, read(problem, near).samples, certificate.tasks or (certificate,), strict=True
    ):
        bound = gram_error(here, own.gap)
        error = float(np.linalg.norm(gram(here) - gram(there)))
        assert error <= bound
        if noise < 1e-4:
            assert bound < 3e5 * max(noise, 1e-8)  # of order √gap: not idle


def test_a_tight_solution_is_pinned_and_a_loose_one_is_not() -> None:
    problem = PROBLEMS["balanced"]
    tight = ufm.solve(problem)
    loose = ufm.solve(problem, steps=7)
    assert resolution(read(problem, tight), verify.certify(problem, tight)) < 1e-4
    assert resolution(read(problem, loose), verify.certify(problem, loose)) > 1e-3


def test_at_zero_the_bound_is_in_units_of_the_objective() -> None:
    problem = ufm.SingleSource.balanced((3, 3), 1, lambda_H=4.0, lambda_W=4.0, lambda_b=1.0)
    solution = ufm.solve(problem)
    assert resolution(read(problem, solution), verify.certify(problem, solution)) < 1e-4


def test_labels_that_are_missing_pin_nothing() -> None:
    problem = ufm.SingleSource.from_labels([[0, -1], [0, 1], [1, 0], [1, 1]], missing=-1, **SHARED)
    solution = ufm.solve(problem)
    assert resolution(read(problem, solution), verify.certify(problem, solution)) == np.inf


@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy"])
def test_a_minimum_that_is_not_attained_pins_nothing(loss: str) -> None:
    """A free bias of a class without samples runs off to −∞."""
    problem = ufm.SingleSource([[3, 0], [2, 0]], **FREE, loss=loss)
    solution = ufm.solve(problem)
    assert resolution(read(problem, solution), verify.certify(problem, solution)) == np.inf


@pytest.mark.parametrize("loss", list(LOSSES))
def test_the_least_curvature_bounds_distances_by_bregman_distances(loss: str) -> None:
    """‖u − u*‖² ≤ 4 B/(s m) where B ≤ s m/4: what ``Loss.curvature`` promises."""
    random, kind = np.random.default_rng(0), LOSSES[loss]
    n, K = 20000, 3
    u = 4.0 * random.standard_normal((K, n))
    y = random.dirichlet(np.ones(K), n).T
    away = random.standard_normal((K, n)) * 10.0 ** random.uniform(-3, 1, n)
    if kind.shift_blind:
        away -= away.mean(axis=0)
    value, _ = kind.value_and_residual(u, y)
    other, residual = kind.value_and_residual(u + away, y)
    bregman = value - other + (residual * away).sum(axis=0)
    m = kind.curvature(u, y).min(axis=0)
    near = bregman <= m / 4.0
    assert near.sum() > 1000
    error = 1e-13 * (value + other)  # of the difference
    assert (m * (away**2).sum(axis=0) <= 4.0 * (bregman + error))[near].all()
