"""Squared error beside a penalized bias, whose mean the heads take over however small the penalties are."""

import numpy as np
import pytest

import verify
from ufm import Regression, SingleSource, solve
from ufm.solvers.newton.bias_start import takes
from ufm.solvers.objective import Objective

TABLE = [[10, 3], [50, 7]]
FEW = 150  # steps in turn on features and bias would be thousands


def _squared(lambdas, lambda_b, counts=TABLE, **settings):
    return SingleSource(counts, lambda_H=lambdas, lambda_W=lambdas, lambda_b=lambda_b, loss="squared-error", **settings)


PROBLEMS = {
    "usual": _squared(5e-4, 0.05),
    "usual, one task": _squared(5e-4, 5e-4, [10, 3, 50, 7]),
    "three classes": _squared(1e-5, 1e-7, [[10, 3, 5], [50, 7, 20]], reduction="mean"),
    "small": _squared(1e-8, 1e-8),
    "small, bias dear": _squared(1e-8, 0.05),
    "weights far apart": _squared(0.05, 0.05, task_weights=[1e6, 1e-6]),
    "mean far off": Regression(
        1e6 + np.random.default_rng(0).standard_normal((30, 2)), lambda_H=0.05, lambda_W=0.04, lambda_b=0.05
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_minimum_in_few_steps(name):
    problem = PROBLEMS[name]
    solution = solve(problem)
    assert solution.converged, solution.status
    assert len(solution.history["loss"]) <= FEW
    certificate = verify.certify(problem, solution)
    assert certificate.verdict == "global minimum"
    assert certificate.relative_gap <= 1e-10


def test_the_closed_form_where_classes_are_balanced():
    lambda_H, lambda_W, lambda_b, n, K = 0.004, 0.003, 0.002, 9, 5
    problem = SingleSource([n] * K, lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=lambda_b, loss="squared-error")
    tau, kappa = 2 * np.sqrt(lambda_H * lambda_W), 2 * lambda_b / (n * K + 2 * lambda_b)
    # the mean mode has s² = n and, its bias eliminated, ½ κ (s − x)² + τ x; the others ½ (s − x)² + τ x
    level = 0.5 * kappa * n if kappa * np.sqrt(n) <= tau else tau * np.sqrt(n) - tau**2 / (2 * kappa)
    expected = (K - 1) * (tau * np.sqrt(n) - tau**2 / 2) + level
    np.testing.assert_allclose(solve(problem).objective, expected, rtol=1e-13)


def test_steps_on_the_bias_are_for_parabolas_of_one_curvature():
    def chosen(problem):
        (form,) = problem.standard_forms()
        return takes(Objective(form, form.sufficient_dim))

    lambdas = {"lambda_H": 0.05, "lambda_W": 0.05}
    assert chosen(_squared(0.05, 0.05))
    assert not chosen(_squared(0.05, 0.0))
    assert not chosen(_squared(0.05, None))
    assert not chosen(SingleSource(TABLE, lambda_b=0.05, loss=["squared-error", "cross-entropy"], **lambdas))
    labels = [[0, -1], [1, 0], [0, 1], [1, 1]]
    assert not chosen(SingleSource.from_labels(labels, missing=-1, lambda_b=0.05, loss="squared-error", **lambdas))


@pytest.mark.parametrize("steps", [1, 3])
def test_steps_bound_the_history(steps):
    assert len(solve(PROBLEMS["small"], steps=steps).history["loss"]) <= steps


def test_an_interruption_keeps_a_point(monkeypatch):
    from ufm.solvers.newton import bias_start

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(bias_start, "_fitted", interrupted)
    solution = solve(PROBLEMS["usual"])
    assert not solution.converged
    assert "interrupted" in solution.status
