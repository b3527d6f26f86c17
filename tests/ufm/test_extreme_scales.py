"""At scales where rounding is all that a gradient is, nothing is called converged that no duality gap shows to be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from extreme_problems import extreme

import ufm
import verify
from ufm import Outcome
from ufm.solvers.newton.column_solution import random_start
from ufm.solvers.newton.polar_gap import judged, polar_gap
from ufm.solvers.newton.trust_region import state_at
from ufm.solvers.objective import Objective
from verify.certification.dual_of_product import product_bound
from verify.certification.objective import evaluate
from verify.reading.read import read

TARGETS = np.random.default_rng(0).normal(size=(12, 3))
STEPS = 60


def regression(H, W, b, size=1.0, weight=1.0):
    return ufm.Regression(size * TARGETS, lambda_H=H, lambda_W=W, lambda_b=b, task_weights=[weight])


def assert_not_falsely_converged(problem, solution):
    if solution.converged and solution.dim >= max(form.sufficient_dim for form in problem.standard_forms()):
        certificate = verify.certify(problem, solution)
        assert certificate.relative_gap <= 1e-6, solution.status
        assert certificate.verdict != "not optimal"


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.slow if seed % 2 else ()) for seed in range(24)])
def test_nothing_drawn_is_falsely_converged(seed):
    problem = extreme(seed)
    assert_not_falsely_converged(problem, ufm.solve(problem, steps=STEPS))


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.slow if seed % 2 else ()) for seed in range(1000, 1016)]
)
def test_no_regression_drawn_is_falsely_converged(seed):
    problem = extreme(seed, "regression")
    assert_not_falsely_converged(problem, ufm.solve(problem, steps=STEPS))


@pytest.mark.parametrize("b", [1e-3, 0.0, None])
@pytest.mark.parametrize(
    ("H", "W", "size"), [(1e-6, 1e-12, 1.0), (1e-12, 1e-12, 1e3), (1e-4, 1e-4, 1e12), (1e-9, 1e3, 1e9)]
)
def test_minima_that_the_gradient_cannot_tell_are_found_and_certified(H, W, b, size):
    problem = regression(H, W, b, size)
    solution = ufm.solve(problem)
    assert solution.converged, solution.status
    assert verify.certify(problem, solution).verdict == "global minimum"


def test_a_bias_that_costs_next_to_nothing():
    problem = regression(1e-6, 1e-12, 1e-12)
    solution = ufm.solve(problem)
    assert solution.converged
    assert verify.certify(problem, solution).verdict == "global minimum"


@pytest.mark.parametrize("b", [0.01, 0.0, None])
def test_what_float64_cannot_hold_is_said(b):
    """Logits of 1e30 are off by 1e14, and the squares of that are as much as F."""
    solution = ufm.solve(regression(0.01, 0.01, b, 1e30))
    assert (solution.converged, solution.outcome) == (False, Outcome.ROUNDING)
    assert "no step lowers F by more than its rounding" in solution.status
    assert len(solution.history["loss"]) < 1000


@pytest.mark.parametrize("power", [-40, 0, 20])
def test_targets_and_lambdas_have_no_units(power):
    """F(s Y; s λ_H, s λ_W, λ_b) = s² F(Y; λ_H, λ_W, λ_b), at √s W, √s H, s b."""
    s = 2.0**power
    plain, scaled = (ufm.solve(regression(t * 1e-5, t * 1e-9, 1e-7, t)) for t in (1.0, s))
    assert plain.converged
    assert scaled.converged
    np.testing.assert_allclose(scaled.objective, s * s * plain.objective, rtol=1e-11)


def test_rounding_alone_is_no_minimum():
    """Whatever rounding explains: a random point that "rounding" ended has not converged."""
    (form,) = regression(1e-12, 1e-12, 0.1, 1e6).standard_forms()
    objective = Objective(form, 3)
    state = state_at(objective, random_start(objective, 0, "cpu"))
    converged, gap = judged(objective, state, state.residual, True, "rounding", 1e-12)
    assert not converged
    assert gap > 0.1


@pytest.mark.parametrize("seed", range(8))
def test_the_gap_is_at_least_what_f_is_above_its_minimum(seed):
    rng = np.random.default_rng(seed)
    b = (0.1, 0.0, None)[seed % 3]
    problem = ufm.Regression(rng.normal(size=(7, 3)), lambda_H=0.05, lambda_W=0.2, lambda_b=b)
    (form,) = problem.standard_forms()
    best = ufm.solve(problem)
    objective = Objective(form, 3)
    x = objective.scale(torch.cat(best.W), best.H, torch.cat(best.b))
    for size in (0.0, 1e-6, 1e-3, 1e-1, 1.0):
        noise = torch.as_tensor(rng.normal(size=len(x)))
        objective.split(noise)[2].mul_(b is not None)
        state = state_at(objective, x + size * noise)
        assert polar_gap(objective, state) * state.value >= state.value - best.objective - 1e-12 * state.value
        W, H, bias = objective.unscale(state.x)
        (part,) = read(problem, None, W=[W], H=H, b=[bias]).samples
        at = evaluate(part.form, part.point)
        assert product_bound(part.form, at.residual, at.logits) <= best.objective
    assert polar_gap(objective, state_at(objective, x)) <= 1e-12


def test_many_problems_have_the_outcomes_of_each_alone():
    rng = np.random.default_rng(1)
    lambdas = 10 ** rng.uniform(-12, 2, (16, 3))
    problems = [regression(*row, size=10 ** rng.uniform(-20, 20)) for row in lambdas.tolist()]
    for problem, together in zip(problems, ufm.solve_many(problems), strict=True):
        alone = ufm.solve(problem)
        assert together.converged == alone.converged
        assert_not_falsely_converged(problem, together)
        if alone.converged:
            np.testing.assert_allclose(together.objective, alone.objective, rtol=1e-8)


@pytest.mark.parametrize("seed", range(12))
def test_below_the_sufficient_dimension_a_stationary_point_is_one(seed):
    problem = extreme(2000 + seed)
    solution = ufm.solve(problem, dim=1, steps=STEPS)
    if solution.converged and max(form.sufficient_dim for form in problem.standard_forms()) > 1:
        assert solution.outcome is not Outcome.ROUNDING
