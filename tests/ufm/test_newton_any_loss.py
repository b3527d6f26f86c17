"""Newton with squared error and binary cross-entropy: few steps, few products, and the minimum of independent code."""

import numpy as np
import pytest
import torch
from newton_sweep import draw_any_loss

import verify
from ufm import Newton, Outcome, Regression, SingleSource, solve
from ufm.solvers.newton import convex_start as starts
from ufm.solvers.newton.alternating_start import alternating_start, features, heads
from ufm.solvers.newton.column_solution import random_start, solve_newton
from ufm.solvers.newton.dual_constraint import spectral_norm
from ufm.solvers.newton.metric import Metric
from ufm.solvers.newton.proximal_start import proximal_start
from ufm.solvers.newton.shared_metric import SharedMetric
from ufm.solvers.newton.trust_region import History, minimize, state_at
from ufm.solvers.objective import Objective

SQUARED, BINARY = "squared-error", "binary-cross-entropy"
LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04}


def cost(solution):
    return len(solution.history["loss"]), sum(solution.history["cg_steps"])


def work(solution):
    """In products: a step beside them takes about five."""
    steps, products = cost(solution)
    return 5 * steps + products


def closed_form(form):
    """Σ ½ min(s, τ)² + τ (s − τ)₊ over the singular values of √c Y √n, for a free bias less its part along √n."""
    Y = np.sqrt(form.loss_weights()) * form.targets
    if form.lambda_b == 0.0:
        v = np.sqrt(form.multiplicity / form.multiplicity.sum())
        Y = Y - np.outer(Y @ v, v)
    s = np.linalg.svd(Y, compute_uv=False)
    return float((0.5 * np.minimum(s, form.tau) ** 2 + form.tau * np.maximum(s - form.tau, 0.0)).sum())


def problem_with_missing(size, loss=SQUARED, **options):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (200, 3))
    labels[rng.random((200, 3)) < 0.3] = -1
    labels = labels[(labels >= 0).any(1)]
    lambdas = {"lambda_H": size, "lambda_W": size, "lambda_b": 0.1} | options
    return SingleSource.from_labels(labels, missing=-1, loss=loss, **lambdas)


def objective_of(problem, dim=None):
    form = problem.standard_forms()[0]
    return Objective(form, dim or min(form.sufficient_dim, form.columns))


@pytest.mark.parametrize("bias", [0.0, None])
def test_long_tail_of_many_classes(bias):
    counts = np.round(np.geomspace(1280, 5, 120)).astype(int)
    problem = SingleSource(counts, lambda_H=5e-4, lambda_W=5e-4, lambda_b=bias, loss=SQUARED)
    solution = solve(problem, tolerance=1e-10)
    steps, products = cost(solution)
    assert solution.converged, solution.status
    assert steps <= 4
    assert products <= 10
    assert solution.objective == pytest.approx(closed_form(problem.standard_forms()[0]), rel=1e-12)
    assert verify.certify(problem, solution).relative_gap <= 1e-9


@pytest.mark.parametrize("bias", [0.0, 0.3, None])
def test_regression_on_many_targets(bias):
    targets = np.random.default_rng(0).normal(size=(1000, 10)) + 1.0
    problem = Regression(targets, lambda_b=bias, **LAMBDAS)
    solution = solve(problem)
    steps, products = cost(solution)
    assert solution.outcome is Outcome.CONVERGED, solution.status
    assert steps <= 20
    assert products <= 200
    assert verify.certify(problem, solution).relative_gap <= 1e-12
    if not bias:
        assert solution.objective == pytest.approx(closed_form(problem.standard_forms()[0]), rel=1e-12)


@pytest.mark.parametrize("bias", [0.05, 0.0, None])
def test_two_tasks_cost_no_more_than_cross_entropy_does(bias):
    options = {"n_same": 30, "n_different": 10, "lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": bias}
    reference = work(solve(SingleSource.correlated(10, **options)))
    for loss in (SQUARED, BINARY, [SQUARED, BINARY], [SQUARED, "cross-entropy"], ["cross-entropy", BINARY]):
        problem = SingleSource.correlated(10, loss=loss, **options)
        solution = solve(problem)
        assert solution.outcome is Outcome.CONVERGED, solution.status
        assert work(solution) <= 1.2 * reference, loss
        assert verify.certify(problem, solution).relative_gap <= 1e-11


@pytest.mark.parametrize("bias", [0.1, 0.0, None])
@pytest.mark.parametrize("size", [1e-2, 1e-3, 1e-4, 1e-5])
def test_missing_labels_and_small_penalties(size, bias):
    problem = problem_with_missing(size, lambda_b=bias)
    solution = solve(problem)
    assert solution.converged, solution.status
    assert cost(solution)[0] <= 200
    assert verify.certify(problem, solution).relative_gap <= 1e-10


@pytest.mark.parametrize("bias", [0.1, 0.0, None])
def test_each_factor_is_solved_for_exactly(bias):
    """No gradient is left in what was solved for, and squared error's bound is the loss itself."""
    objective = objective_of(problem_with_missing(1e-3, lambda_b=bias), 5)
    state = state_at(objective, random_start(objective, 0, "cpu"))
    scale = float(state.gradient.norm())
    for solve_for, left in ((features, 1), (heads, 0)):
        new = state_at(objective, solve_for(objective, state))
        gradients = objective.split(new.gradient)
        assert float(gradients[left].norm()) <= 1e-10 * scale
        assert float(gradients[2].norm()) <= 1e-10 * scale
        assert new.value < state.value
        kept = 1 - left
        assert torch.equal(objective.split(new.x)[kept], objective.split(state.x)[kept])


@pytest.mark.parametrize("loss", [SQUARED, BINARY, "cross-entropy", [SQUARED, BINARY, "cross-entropy"]])
def test_alternating_steps_never_raise_the_objective(loss):
    objective = objective_of(problem_with_missing(1e-3, loss))
    history = History()
    start = state_at(objective, random_start(objective, 0, "cpu"))
    state = alternating_start(objective, start, history, 10)
    assert 0 < len(history.loss) <= 10
    assert (np.diff([start.value, *history.loss]) < 0).all()
    assert state.value == history.loss[-1]


@pytest.mark.parametrize("loss", [SQUARED, BINARY, "cross-entropy"])
def test_the_bound_is_above_the_curvature(loss):
    """L − w ∂²ℓ is positive semidefinite: xᵀ(L − w ∂²ℓ)x ≥ 0."""
    objective = objective_of(problem_with_missing(1e-2, loss))
    generator = torch.Generator().manual_seed(0)
    for seed in range(5):
        at = state_at(objective, 5 * random_start(objective, seed, "cpu")).at
        x = torch.randn(objective.E.shape, generator=generator, dtype=torch.float64)
        curved = objective.runs[0].columns.curve(at.states[0], x.clone())
        assert float((x * (objective.curvature_bound * x - curved)).sum()) >= 0.0


def test_a_shared_metric_is_the_metric_where_curvature_is_constant():
    objective = objective_of(SingleSource([[3, 4, 1], [2, 0, 5]], lambda_b=0.1, loss=SQUARED, **LAMBDAS))
    at = state_at(objective, random_start(objective, 0, "cpu")).at
    r = random_start(objective, 1, "cpu")
    shared, own = SharedMetric.at(objective, at), Metric.at(objective, at)
    torch.testing.assert_close(shared.solve(objective, r), own.solve(objective, r), rtol=1e-10, atol=1e-12)


def test_directions_that_should_not_be_zero_are_not_left_so():
    objective = objective_of(SingleSource([30, 20, 10], lambda_b=0.1, loss=SQUARED, **LAMBDAS))
    random = random_start(objective, 0, "cpu")
    start = proximal_start(objective, random, History(), tolerance=1e-12, max_steps=0)
    assert float(start.x.norm()) > 0.0
    state, ended = minimize(objective, start, History(), tolerance=1e-12, max_steps=100)
    assert ended == "tolerance"
    assert spectral_norm(state.at.G) <= 1.0 + 1e-9


def test_directions_that_should_be_zero_are():
    problem = SingleSource([30, 20, 10], lambda_H=2.0, lambda_W=2.0, lambda_b=None, loss=SQUARED)
    solution = solve(problem)  # τ = 4 is between √10 and √20
    assert solution.outcome is Outcome.CONVERGED
    assert float(solution.W[0][2].abs().max()) == 0.0
    assert solution.objective == pytest.approx(closed_form(problem.standard_forms()[0]), rel=1e-14)


@pytest.mark.parametrize("shape", [(3, 5), (400, 700), (900, 300)])
def test_spectral_norm(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert spectral_norm(matrix) == pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)), rel=1e-14)


def test_steps_on_the_convex_form_count():
    form = problem_with_missing(1e-3).standard_forms()[0]
    solution = solve_newton(form, Newton(steps=3), dim=form.sufficient_dim)
    assert len(solution.history["loss"]) == 3
    assert solution.outcome is Outcome.STEPS


def test_an_interrupted_start_says_so(monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(starts, "alternating_start", interrupted)
    form = problem_with_missing(1e-3).standard_forms()[0]
    assert solve_newton(form, dim=form.sufficient_dim).outcome is Outcome.INTERRUPTED


def rounding(form):
    """Of ‖V‖ / τ, from logits that a few roundings move by 2⁻⁵² each of the targets that squared error fits."""
    return 4 * 2.0**-52 * float((np.sqrt(form.loss_weights() / form.omega) * np.abs(form.targets)).max()) / form.tau


@pytest.mark.parametrize("block", range(4))
def test_sampled(block):
    for seed in range(10 * block, 10 * (block + 1)):
        problem = draw_any_loss(seed)
        solution = solve(problem)
        assert solution.converged, (seed, solution.status)
        histories = solution.history if isinstance(solution.history, list) else [solution.history]
        assert max(len(history["loss"]) for history in histories) <= 300, seed
        allowed = max(1e-10, max(rounding(form) for form in problem.standard_forms()))
        assert verify.certify(problem, solution).relative_gap <= allowed, seed
