"""Newton on the heads alone: features are the best, the curvature is that of what they leave, and crawling runs end."""

import pytest
import torch
from newton_sweep import draw

from ufm import MultiLabel, Newton
from ufm.solvers.newton import eliminated
from ufm.solvers.newton.best_features import best_features, feature_blocks
from ufm.solvers.newton.column_solution import random_start, solve_newton
from ufm.solvers.newton.eliminated import curvature_of_heads, descend, model_minimum
from ufm.solvers.newton.trust_region import History, state_at
from ufm.solvers.objective import Objective

SEEDS = (0, 3, 5, 22)


def at_random(seed, dim=2):
    objective = Objective(draw(seed).standard_forms()[0], dim)
    return objective, state_at(objective, random_start(objective, seed, "cpu"))


SETS = {(0,): 2, (1,): 20, (2,): 5, (0, 1): 25, (3,): 7, (1, 2): 9, (0, 3): 3, (0, 1, 2): 17}


@pytest.fixture(params=["cross-entropy", "binary-cross-entropy", "squared-error"])
def mild(request):
    """A problem whose rounding finite differences outlast, and a random point of it."""
    problem = MultiLabel(SETS, classes=4, loss=request.param, lambda_H=0.05, lambda_W=0.02, lambda_b=0.1)
    objective = Objective(problem.standard_forms()[0], 2)
    return objective, state_at(objective, random_start(objective, 0, "cpu"))


def heads_of(objective, x):
    W_hat, _, b_hat = objective.split(x)
    return torch.cat([W_hat.flatten(), b_hat.flatten()])


def test_features_are_stationary_and_heads_stay(mild):
    objective, start = mild
    state = best_features(objective, start)
    features = objective.split(state.x)[1]
    assert float(objective.split(state.gradient)[1].norm()) <= 1e-9 * float(features.norm())
    assert state.value < start.value
    assert torch.equal(heads_of(objective, state.x), heads_of(objective, start.x))


@pytest.mark.parametrize("seed", SEEDS)
def test_blocks_are_those_of_the_hessian(seed):
    objective, state = at_random(seed)
    blocks = feature_blocks(objective, state.at)
    W_hat, H_hat, b_hat = (torch.zeros_like(part) for part in objective.split(state.x))
    for i in range(objective.dim):
        dH = H_hat.clone()
        dH[i] = 1.0
        out = objective.hessian_vector(state.at, objective.join(W_hat, dH, b_hat))
        torch.testing.assert_close(objective.split(out)[1].T, blocks[:, :, i], rtol=1e-9, atol=1e-9)


def test_the_curvature_is_the_slope_of_the_gradient(mild):
    objective, start = mild
    state = best_features(objective, start)
    z = objective.split(random_start(objective, 1, "cpu"))
    step = objective.join(z[0], torch.zeros_like(z[1]), z[0][:, :1])
    h = 1e-5
    ends = [best_features(objective, state_at(objective, state.x + sign * h * step)) for sign in (1.0, -1.0)]
    slope = (heads_of(objective, ends[0].gradient) - heads_of(objective, ends[1].gradient)) / (2.0 * h)
    expected = curvature_of_heads(objective, state.at) @ heads_of(objective, step)
    torch.testing.assert_close(slope, expected, rtol=0, atol=1e-6 * float(expected.norm()))


@pytest.mark.parametrize("radius", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("seed", [3, 22])
def test_the_model_is_least_where_it_is_said_to_be(seed, radius):
    objective, start = at_random(seed)
    state = best_features(objective, start)
    step = model_minimum(objective, state, radius)
    curvature, g = curvature_of_heads(objective, state.at), heads_of(objective, state.gradient)

    def model(y):
        return float(g.dot(y) + 0.5 * y.dot(curvature @ y))

    y = heads_of(objective, step.z)
    assert float(y.norm()) <= radius * (1.0 + 1e-9)
    assert model(y) == pytest.approx(-step.decrease, rel=1e-6)
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        other = y + 0.3 * radius * torch.randn(len(y), generator=generator, dtype=torch.float64) / len(y) ** 0.5
        other *= min(1.0, radius / float(other.norm()))
        assert model(other) >= model(y) - 1e-9 * abs(model(y))


def test_the_other_end_of_the_lowest_eigenvector_is_taken_where_the_slope_has_none_of_it():
    """At zero every feature is zero, and so is the gradient in the heads: a saddle."""
    form = draw(22).standard_forms()[0]
    objective = Objective(form, 2)
    x = torch.zeros(objective.variables, dtype=torch.float64)
    W_hat = objective.split(x)[0]
    W_hat[:, 0] = random_start(objective, 0, "cpu")[: form.rows]
    state = best_features(objective, state_at(objective, x))
    assert float(torch.linalg.eigvalsh(curvature_of_heads(objective, state.at))[0]) < 0.0
    step = model_minimum(objective, state, 0.5)
    assert step.on_boundary
    assert step.length == pytest.approx(0.5)
    assert step.decrease > 0.0


def test_steps_run_out_and_say_so():
    objective, start = at_random(22)
    history = History()
    state, ended = descend(objective, start, history, tolerance=1e-12, max_steps=3)
    assert ended == "steps"
    assert len(history.loss) == 3
    assert state.value < start.value


def test_too_many_heads_are_left_to_other_steps(monkeypatch):
    objective, _ = at_random(22)
    assert eliminated.takes(objective)
    monkeypatch.setattr(eliminated, "MOST_VARIABLES", 3)
    assert not eliminated.takes(objective)


@pytest.mark.parametrize(
    "seed", [9, 61, 94, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (22, 33, 127, 178))]
)
def test_crawling_runs_in_two_dimensions_end(seed):
    solution = solve_newton(draw(seed).standard_forms()[0], Newton(steps=1000), dim=2, seed=seed)
    assert solution.converged, solution.status
    assert len(solution.history["loss"]) <= 1000
