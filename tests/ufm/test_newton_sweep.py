"""Newton over the whole range of λ's, counts and weights: few steps, and a gap that closes."""

import numpy as np
import pytest
import torch
from newton_sweep import draw

import ufm
import verify
from ufm.solvers.newton import metric
from ufm.solvers.newton.balanced_factors import balanced, straight_step
from ufm.solvers.newton.column_solution import random_start, solve_newton
from ufm.solvers.newton.metric import Metric
from ufm.solvers.newton.path import follow
from ufm.solvers.newton.trust_region import History, state_at
from ufm.solvers.objective import Objective

MOST_STEPS = 1000
LABEL_SETS = {(0, 1, 2): 23, (0, 2, 5): 31, (2, 3, 4): 16, (2, 4, 5): 6, (0, 1, 2, 4): 887, (0, 2, 4, 5): 148}
LABEL_SETS |= {(0, 1, 2, 4, 5): 4, (1, 2, 3, 4, 5): 194}


def most_steps(solution):
    histories = solution.history if isinstance(solution.history, list) else [solution.history]
    return max(len(history["loss"]) for history in histories)


def assert_solved(problem, seed):
    solution = ufm.solve(problem, seed=seed)
    assert solution.converged, solution.status
    assert most_steps(solution) <= MOST_STEPS
    assert verify.certify(problem, solution).relative_gap <= 1e-10


@pytest.mark.parametrize("block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in (1, 2, 3))])
def test_sampled(block):
    for seed in range(15 * block, 15 * (block + 1)):
        assert_solved(draw(seed), seed)


@pytest.mark.parametrize("size", [1e-8, 3e-8])
@pytest.mark.parametrize("seed", [0, 1])
def test_label_sets_of_which_most_are_soft(size, seed):
    lambdas = dict.fromkeys(("lambda_H", "lambda_W", "lambda_b"), size)
    assert_solved(ufm.MultiLabel(LABEL_SETS, classes=6, **lambdas), seed)


def test_a_small_dimension_takes_thousands_of_products_not_a_million():
    weights = [0.08296261412252671, 0.054305550881000884, 0.12665419002276032]
    lambdas = {"lambda_H": 0.0014383410142632465, "lambda_W": 1.3923846179336312, "lambda_b": 1.8824424234837153e-06}
    solution = ufm.solve(ufm.SingleSource.balanced((3, 2, 3), 810, task_weights=weights, **lambdas), dim=2)
    assert solution.converged
    assert sum(solution.history["cg_steps"]) < 50_000


def forms():
    return [draw(seed).standard_forms()[0] for seed in range(12)]


@pytest.mark.parametrize("form", forms())
def test_a_straight_step_changes_the_logits_linearly(form):
    dim = form.sufficient_dim
    objective = Objective(form, dim)
    x, z = (random_start(objective, seed, "cpu") for seed in (0, 1))
    W, H, b = objective.split(x)
    dW, dH, db = objective.split(z)
    W_new, H_new, b_new = objective.split(straight_step(objective, x, z))
    expected = objective.centred(W @ H + dW @ H + W @ dH)
    torch.testing.assert_close(W_new @ H_new, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))
    torch.testing.assert_close(b_new, b + db)
    # balanced: ŴᵀŴ = ĤĤᵀ, and a penalty that is the nuclear norm
    nuclear = float(torch.linalg.svdvals(expected).sum())
    assert float((W_new**2).sum() + (H_new**2).sum()) == pytest.approx(2 * nuclear, rel=1e-12)


@pytest.mark.parametrize("form", forms())
def test_balancing_keeps_the_loss_and_lowers_the_penalty(form):
    objective = Objective(form, form.sufficient_dim)
    W, H, b = objective.split(random_start(objective, 0, "cpu"))
    x = objective.join(objective.centred(W) * 3, H, b)
    even = balanced(objective, x)
    lower = 0.5 * (objective.penalty(x) - objective.penalty(even))
    before, after = objective.value(x)[0], objective.value(even)[0]
    assert lower >= 0
    assert before - after == pytest.approx(lower, abs=1e-11 * before)
    assert balanced(objective, even) is even


@pytest.mark.parametrize("form", forms())
def test_the_change_to_another_end_is_the_difference_of_two_values(form):
    objective = Objective(form, form.sufficient_dim)
    state = state_at(objective, random_start(objective, 0, "cpu"))
    z = 1e-2 * random_start(objective, 1, "cpu")
    end = straight_step(objective, state.x, z)
    expected = objective.value(end)[0] - state.value
    scale = state.value + abs(expected) + abs(float(state.gradient.dot(z)))
    assert objective.change(state.at, state.gradient, z, end) == pytest.approx(expected, abs=1e-11 * scale)


def far_apart():
    """Three tasks a million apart in weight, counts over five decades: from a random start, thousands of steps."""
    counts = (10.0 ** np.random.default_rng(0).uniform(0, 5, (4, 4, 3))).astype(int)
    lambdas = dict.fromkeys(("lambda_H", "lambda_W", "lambda_b"), 1e-7)
    return ufm.SingleSource(counts, task_weights=[1e-3, 1, 1e3], **lambdas)


def test_weights_and_counts_far_apart():
    assert_solved(far_apart(), 0)


def test_the_path_ends_next_to_the_minimum():
    form = far_apart().standard_forms()[0]
    objective = Objective(form, form.sufficient_dim)
    start, history = random_start(objective, 0, "cpu"), History()
    x, outcome = follow(objective, start, history, 1000)
    assert outcome == "tolerance"
    assert (np.diff(history.loss) <= 1e-12 * np.array(history.loss[:-1])).all()  # F falls with the λ's
    least = solve_newton(form, dim=objective.dim).objective
    assert least <= objective.value(x)[0] <= 1.5 * least
    assert objective.value(start)[0] > 1e6 * least


def test_a_path_out_of_steps_says_so():
    form = far_apart().standard_forms()[0]
    objective = Objective(form, form.sufficient_dim)
    history = History()
    assert follow(objective, random_start(objective, 0, "cpu"), history, 7)[1] == "steps"
    assert len(history.loss) == 7


def test_the_metric_is_the_gauss_newton_hessian_block_by_block():
    form = draw(3).standard_forms()[0]
    objective = Objective(form, 2)
    state = state_at(objective, random_start(objective, 0, "cpu"))
    r = random_start(objective, 1, "cpu")
    dW, dH, db = objective.split(Metric.at(objective, state.at).solve(objective, r))
    ((p,),), W, H = state.at.states, state.at.W_hat, state.at.H_hat
    mass = torch.as_tensor(np.repeat(form.masses(), form.classes, axis=0))
    D = objective.c_n * mass * objective.E**2 * p * (1 - p)
    eye = torch.eye(2, dtype=torch.float64)
    A = [eye + sum(D[i, j] * torch.outer(H[:, j], H[:, j]) for j in range(form.columns)) for i in range(form.rows)]
    B = [eye + sum(D[i, j] * torch.outer(W[i], W[i]) for i in range(form.rows)) for j in range(form.columns)]
    rows = torch.stack([block @ row for block, row in zip(A, dW, strict=True)])
    columns = torch.stack([block @ column for block, column in zip(B, dH.T, strict=True)], 1)
    torch.testing.assert_close(objective.join(rows, columns, db), r, rtol=1e-8, atol=1e-8 * float(r.abs().max()))


def test_a_metric_too_large_is_left_out(monkeypatch):
    monkeypatch.setattr(metric, "MOST_ENTRIES", 10)
    problem = draw(3)
    assert ufm.solve(problem).converged
    objective = Objective(problem.standard_forms()[0], 2)
    assert Metric.at(objective, state_at(objective, random_start(objective, 0, "cpu")).at) is None
