"""Newton below the sufficient dimension: few steps to a stationary point of which no direction of descent is left."""

import numpy as np
import pytest
import torch
from newton_sweep import draw

from ufm import MultiLabel, Newton, Outcome, SingleSource
from ufm.solvers.newton.column_solution import random_start, solve_newton
from ufm.solvers.newton.descent import below, least_curved
from ufm.solvers.newton.trust_region import History, minimize, state_at
from ufm.solvers.objective import Objective

MOST_STEPS = 1000
FAR_ABOVE_ONE = [
    SingleSource(
        [19, 4607, 10, 952811],
        task_weights=[121.17066487147956],
        lambda_H=0.00021157218602909882,
        lambda_W=0.00021612951004936344,
        lambda_b=1.2840933106026595e-05,
        label_smoothing=0.1,
    ),
    SingleSource(
        [[2, 488, 375], [1, 42, 2], [5, 17, 22]],
        task_weights=[367.36705371641585, 0.03569657400762715],
        lambda_H=1.0153029893292538e-06,
        lambda_W=2.4279315238084906e-07,
        lambda_b=5.293724144894067e-08,
        label_smoothing=0.9,
    ),
]


def leftmost(objective, x):
    """The Hessian's least eigenvalue over the largest, from all its columns."""
    at = state_at(objective, x).at
    eye = torch.eye(objective.variables, dtype=torch.float64)
    values = torch.linalg.eigvalsh(torch.stack([objective.hessian_vector(at, column) for column in eye]))
    return float(values[0] / values[-1])


def assert_second_order(form, dim, seed):
    solution = solve_newton(form, Newton(steps=MOST_STEPS), dim=dim, seed=seed)
    assert solution.converged, solution.status
    assert solution.outcome is Outcome.STATIONARY
    objective = Objective(form, dim)
    assert leftmost(objective, objective.scale(solution.W, solution.H, solution.b)) >= -1e-12
    return solution


@pytest.mark.parametrize("problem", FAR_ABOVE_ONE)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_residual_far_above_one_is_not_tightened_for(problem, seed):
    """‖G‖_2 is 1e5 at these minimizers: no tolerance on the gradient brings it to 1."""
    solution = assert_second_order(problem.standard_forms()[0], 1, seed)
    assert len(solution.history["loss"]) <= 100


def test_logits_of_thousands_take_few_steps():
    """One h must be thousands of times as large as another for two classes to differ in it and tie in the other."""
    sets = {(0,): 2, (1,): 674, (2,): 57742, (1, 2): 2606, (0, 1, 2): 25942}
    lambdas = {"lambda_H": 1.79e-4, "lambda_W": 4.62e-8, "lambda_b": 0.837}
    solution = assert_second_order(MultiLabel(sets, classes=3, **lambdas).standard_forms()[0], 1, 0)
    assert float((solution.W @ solution.H).abs().max()) > 1000
    assert len(solution.history["loss"]) <= 300


@pytest.mark.parametrize("block", range(4))
def test_sampled(block):
    for seed in range(5 * block, 5 * (block + 1)):
        form = draw(seed).standard_forms()[0]
        needed = min(form.sufficient_dim, form.columns)
        if 2 <= needed <= 7:
            assert_second_order(form, int(np.random.default_rng(seed + 7).integers(1, needed)), seed)


def saddle():
    """d = 2 of 4, where the second feature is zero: stationary, and lower points are near."""
    form = SingleSource([40, 30, 20, 10, 5], lambda_H=0.01, lambda_W=0.02, lambda_b=0.01).standard_forms()[0]
    narrow = solve_newton(form, dim=1)
    objective = Objective(form, 2)
    pad = torch.zeros(form.rows, 1, dtype=torch.float64), torch.zeros(1, form.columns, dtype=torch.float64)
    x = objective.scale(torch.cat([narrow.W, pad[0]], 1), torch.cat([narrow.H, pad[1]]), narrow.b)
    return objective, state_at(objective, x)


def test_a_saddle_is_left():
    objective, state = saddle()
    assert state.residual <= 1e-12
    lower, products = below(objective, state)
    assert lower is not None
    assert lower.value < state.value - 1e-6 * state.value
    assert 0 < products < 100


def test_the_direction_off_a_saddle_curves_down():
    objective, state = saddle()
    z, curvature, _ = least_curved(objective, state)
    assert float(z.norm()) == pytest.approx(1.0)
    h = 1e-4 * z
    values = [objective.change(state.at, state.gradient, sign * h) for sign in (1.0, -1.0)]
    assert sum(values) == pytest.approx(1e-8 * curvature, rel=1e-3)
    assert curvature < 0


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_below_a_minimizer(seed):
    objective, _ = saddle()
    start = state_at(objective, random_start(objective, seed, "cpu"))
    state, _ = minimize(objective, start, History(), tolerance=1e-12, max_steps=500)
    assert leftmost(objective, state.x) > -1e-12
    assert below(objective, state)[0] is None
