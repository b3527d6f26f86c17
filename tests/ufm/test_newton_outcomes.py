"""What newton says of its run: steps that ran out, interruptions, saddles, and ordinary tensors."""

import math

import numpy as np
import pytest
import torch

import verify
from ufm import MultiSource, SingleSource, solve
from ufm.solvers.newton import column_solution as newton
from ufm.solvers.newton.trust_region import state_at
from ufm.solvers.objective import Objective

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.1}
PROBLEM = SingleSource([[4, 0, 9], [2, 7, 1]], **LAMBDAS)


@pytest.mark.parametrize("problem", [PROBLEM, MultiSource([[4, 9], [2, 7, 1]], **LAMBDAS)], ids=["single", "multi"])
def test_too_few_steps_give_advice(problem):
    solution = solve(problem, steps=1)
    assert solution.converged is False
    assert "did not reach tolerance" in solution.status
    assert "steps=" in solution.status
    assert math.isclose(verify.certify(problem, solution).objective, solution.objective, rel_tol=1e-13)
    assert solution.objective > solve(problem).objective


def test_steps_bound_the_history():
    for steps in (1, 5):
        assert len(solve(PROBLEM, steps=steps).history["loss"]) == steps


def test_history_descends_to_the_objective():
    solution = solve(PROBLEM)
    lengths = {len(values) for values in solution.history.values()}
    assert len(lengths) == 1
    loss = np.array(solution.history["loss"])
    assert (np.diff(loss) <= 1e-13 * loss[:-1]).all()
    assert loss[-1] == solution.objective
    assert solution.history["gradient_norm"][-1] < 1e-10


@pytest.mark.parametrize("calls", [1, 30, 60])
def test_interruption_keeps_the_point(monkeypatch, calls):
    whole = solve(PROBLEM)
    real, made = Objective.hessian_vector, []

    def interrupted(self, at, v):
        made.append(1)
        if len(made) == calls:
            raise KeyboardInterrupt
        return real(self, at, v)

    monkeypatch.setattr(Objective, "hessian_vector", interrupted)
    solution = solve(PROBLEM)
    assert len(made) == calls
    assert solution.converged is False
    assert "interrupted" in solution.status
    steps = len(solution.history["loss"])
    if steps:
        assert solution.history["loss"] == whole.history["loss"][:steps]
        assert solution.objective == whole.history["loss"][steps - 1]
    assert math.isclose(verify.certify(PROBLEM, solution).objective, solution.objective, rel_tol=1e-13)


def test_zero_saddle_is_not_called_a_minimum(monkeypatch):
    monkeypatch.setattr(newton, "random_start", lambda objective, *_: torch.zeros(objective.variables).double())
    # balanced, so that W = 0, H = 0, b = 0 is stationary
    solution = solve(SingleSource.balanced((3, 3), 5, **LAMBDAS))
    assert float(solution.W[0].norm()) == 0
    assert solution.converged is False
    assert "stationary but not a global minimum" in solution.status


def test_zero_above_the_threshold_is_a_minimum(monkeypatch):
    monkeypatch.setattr(newton, "random_start", lambda objective, *_: torch.zeros(objective.variables).double())
    solution = solve(SingleSource.balanced((3, 3), 5, lambda_H=9, lambda_W=9, lambda_b=0.1))
    assert solution.converged
    assert solution.objective == pytest.approx(45 * 2 * math.log(3))


def test_tolerance_is_heeded():
    loose = solve(PROBLEM, tolerance=1e-2)
    assert loose.converged
    assert len(loose.history["loss"]) < len(solve(PROBLEM).history["loss"])
    unreachable = solve(PROBLEM, tolerance=1e-30)
    assert unreachable.converged
    assert "rounding, short of tolerance 1.0e-30" in unreachable.status


@pytest.mark.parametrize("problem", [PROBLEM, MultiSource([[4, 9], [2, 7, 1]], **LAMBDAS)], ids=["single", "multi"])
def test_results_are_ordinary_tensors(problem):
    solution = solve(problem)
    features = solution.H if isinstance(solution.H, list) else [solution.H]
    for tensor in (*solution.W, *solution.b, *features):
        assert tensor.dtype == torch.float64
        assert not tensor.is_inference()
        assert not tensor.requires_grad
    features = features * len(solution.W) if len(features) == 1 else features
    for W, b, H in zip(solution.W, solution.b, features, strict=True):
        W.requires_grad_()
        (W @ H + b[:, None]).square().sum().backward()
        assert W.grad.isfinite().all()
        b.add_(1.0)


def test_shapes_follow_the_problem():
    solution = solve(PROBLEM)
    assert [tuple(w.shape) for w in solution.W] == [(2, 3), (3, 3)]
    assert [tuple(x.shape) for x in solution.b] == [(2,), (3,)]
    assert tuple(solution.H.shape) == (3, 5)
    np.testing.assert_array_equal(solution.labels, PROBLEM.labels)
    assert solve(MultiSource([[4, 9], [2, 7, 1]], **LAMBDAS)).dim == 2


def test_global_random_state_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    solve(PROBLEM, seed=9)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("seed", [322, 327, 337, 357])
def test_rounding_of_soft_targets_is_no_broken_constraint(seed):
    # s p − y cancels at soft targets, and at small λ the spectral norm shows it
    rng = np.random.default_rng(seed)
    lambdas = {name: 10.0 ** rng.uniform(-6, -2) for name in LAMBDAS}
    counts = rng.integers(0, 60, (3, 4))
    counts.flat[0] += 1
    problem = SingleSource(counts, label_smoothing=0.5, **lambdas)
    solution = solve(problem)
    assert solution.status.startswith("converged (")
    assert verify.certify(problem, solution).relative_gap <= 1e-12


def test_never_claims_what_the_gap_denies():
    # weights and counts over ten decades: too hard for so few steps, and said to be so
    rng = np.random.default_rng(1)
    failed = 0
    for _ in range(20):
        counts = np.round(10.0 ** rng.uniform(0, 7, (5, 3))).astype(int)
        weights = 10.0 ** rng.uniform(-2, 2, 2)
        problem = SingleSource(counts, task_weights=weights, lambda_H=0.03, lambda_W=0.24, lambda_b=1e-6)
        solution = solve(problem, steps=100)
        if verify.certify(problem, solution).relative_gap > 1e-9:
            failed += 1
            assert solution.converged is False
            assert "steps=" in solution.status
    assert failed > 0


@pytest.mark.parametrize("problem", [PROBLEM, SingleSource([[4, 0, 9], [2, 7, 1]], label_smoothing=0.1, **LAMBDAS)])
@pytest.mark.parametrize("size", [1.05, 1.3])
def test_the_gap_of_an_excess_is_what_scaling_the_residual_costs(problem, size):
    """q = y + θ (s p − y) with θ = 1/(1 + ε): the entropy of p less that of q, plus the penalty's ε, by definition."""
    solution = solve(problem)
    form = problem.standard_forms()[0]
    objective = Objective(form, solution.dim)
    x = objective.scale(torch.cat(solution.W), solution.H, torch.cat(solution.b))
    state = state_at(objective, x)
    state.at.G.mul_(size)  # an excess without another change
    excess = newton.spectral_excess(objective, state)
    assert excess == pytest.approx(size - 1, rel=1e-6)
    ((p,),), y, theta = state.at.states, torch.as_tensor(form.targets), 1 / (1 + excess)
    q = y + theta * (p - y)
    lost = float((objective.c_n * (torch.xlogy(q, q) - torch.xlogy(p, p) - (1 + p.log()) * (q - p))).sum())
    penalty = 0.5 * objective.penalty(x)
    expected = (excess * penalty + lost) / state.value
    found = newton.gap_of_excess(objective, state, excess)
    assert found == pytest.approx(min(excess, expected), rel=4 * excess)
