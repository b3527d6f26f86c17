"""Newton off a saddle whose descent is smaller than what F has digits for."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ufm import MultiLabel, SingleSource, solve
from ufm.solvers.newton.column_solution import random_start
from ufm.solvers.newton.trust_region import state_at
from ufm.solvers.objective import Objective

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.01}
PROBLEMS = [
    SingleSource([[4, 0, 9], [2, 7, 1]], task_weights=(0.5, 2.0), label_smoothing=0.1, **LAMBDAS),
    MultiLabel({(0,): 4, (1,): 9, (0, 2): 5, (0, 1, 2): 1, (1, 3): 7}, classes=4, **LAMBDAS),
]


def state_and_step(problem, seed, size):
    objective = Objective(problem.standard_forms()[0], 3)
    state = state_at(objective, random_start(objective, seed, "cpu"))
    z = size * torch.randn(objective.variables, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    return objective, state, z


@given(st.sampled_from(PROBLEMS), st.integers(0, 10**6), st.sampled_from([1e-3, 1e-2, 0.1]))
def test_the_change_is_the_difference_of_two_values(problem, seed, size):
    objective, state, z = state_and_step(problem, seed, size)
    expected = objective.value(state.x + z)[0] - state.value
    scale = state.value + abs(expected) + float(state.gradient.norm() * z.norm() + z.dot(z))
    assert objective.change(state.at, state.gradient, z) == pytest.approx(expected, abs=1e-13 * scale)


@given(st.sampled_from(PROBLEMS), st.integers(0, 10**6), st.sampled_from([1e-6, 1e-7, 1e-8]))
def test_its_second_order_keeps_digits_that_values_lose(problem, seed, size):
    """F(x + z) + F(x − z) − 2 F(x) = zᵀ∇²F z to fourth order, where F's own rounding is as large as it or larger."""
    objective, state, z = state_and_step(problem, seed, size)
    both = sum(objective.change(state.at, state.gradient, sign * z) for sign in (1.0, -1.0))
    first = abs(float(state.gradient.dot(z)))
    curvature = float(z.dot(objective.hessian_vector(state.at, z)))
    assert both == pytest.approx(curvature, abs=1e-14 * first + 1e8 * size**4)


def test_converged_though_most_of_the_loss_cannot_be_fitted():
    """Sets of many labels leave Σ n m log m of loss, whose rounding hides the last direction's descent."""
    rng = np.random.default_rng(3)
    sets = (rng.random((100, 30)) < 0.15).astype(int)
    sets[np.arange(100), rng.integers(0, 30, 100)] = 1
    counts = rng.integers(1, 1000, 100)
    lambdas = dict.fromkeys(LAMBDAS, 0.05)
    samples = np.repeat(sets, counts, axis=0)
    solution = solve(MultiLabel.from_indicators(samples, **lambdas))
    assert solution.converged
