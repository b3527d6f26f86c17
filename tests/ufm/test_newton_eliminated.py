"""Newton on the heads alone: features are the best, the curvature is that of what they leave, and crawling runs end."""

import pytest
import torch
from newton_sweep import draw

from ufm import MultiLabel, Newton
from ufm.solvers.newton import eliminated
from ufm.solvers.newton.best_features import best_features, feature_blocks
from ufm.solvers.newton.column_solution import random_start, solve_newton
from ufm.solvers.newton.eliminated import descend
from ufm.solvers.newton.heads_model import HeadsModel, heads_of, moved
from ufm.solvers.newton.trust_region import History, state_at
from ufm.solvers.objective import Objective

SEEDS = (0, 3, 5, 22)


def at_random(seed, dim=2):
    objective = Objective(draw(seed).standard_forms()[0], dim)
    return objective, state_at(objective, random_start(objective, seed, "cpu"))


SETS = {(0,): 2, (1,): 20, (2,): 5, (0, 1): 25, (3,): 7, (1, 2): 9, (0, 3): 3, (0, 1, 2): 17}


def of(loss, lambda_b=0.1):
    """A problem whose rounding finite differences outlast, and a random point of it."""
    problem = MultiLabel(SETS, classes=4, loss=loss, lambda_H=0.05, lambda_W=0.02, lambda_b=lambda_b)
    objective = Objective(problem.standard_forms()[0], 2)
    return objective, state_at(objective, random_start(objective, 0, "cpu"))


@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
def test_features_are_stationary_and_heads_stay(loss):
    objective, start = of(loss)
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


def direction(objective, seed):
    """A random X (R, d + 1), flat."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(objective.form.rows * (objective.dim + 1), generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("lambda_b", [0.1, 0.0, None])
@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
def test_the_model_is_of_second_order(loss, lambda_b):
    """∇²φ X is the slope of ∇φ, and J X that of the best features."""
    objective, start = of(loss, lambda_b)
    state = best_features(objective, start)
    X, h = direction(objective, 1), 1e-5
    if lambda_b is None:
        X.view(-1, 3)[:, 2] = 0.0
    ends = [
        best_features(objective, state_at(objective, moved(objective, state.x, sign * h * X, 0.0))) for sign in (1, -1)
    ]
    model = HeadsModel.at(objective, state)
    slope = (heads_of(objective, ends[0].gradient) - heads_of(objective, ends[1].gradient)) / (2.0 * h)
    expected = model.curvature @ X
    if lambda_b == 0.0:  # the model curves along shifts of the bias, which losses are blind to
        blind = objective.centred(torch.eye(4, dtype=torch.float64)) - torch.eye(4)
        expected.view(-1, 3)[:, 2] += blind @ X.view(-1, 3)[:, 2]
    torch.testing.assert_close(slope, expected, rtol=0, atol=1e-6 * float(expected.norm()))
    features = (objective.split(ends[0].x)[1] - objective.split(ends[1].x)[1]) / (2.0 * h)
    torch.testing.assert_close(features, (model.features @ X).T, rtol=0, atol=1e-6 * float(features.norm()))


@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
def test_the_region_is_of_relative_changes(loss):
    objective, start = of(loss)
    state = best_features(objective, start)
    model, X = HeadsModel.at(objective, state), direction(objective, 1)
    features = objective.split(state.x)[1]
    moves = ((model.features @ X).T.norm(dim=0) / features.norm(dim=0)) ** 2
    heads = (X.norm() / heads_of(objective, state.x).norm()) ** 2
    assert float(X @ model.metric @ X) == pytest.approx(float(moves.sum() + heads), rel=1e-9)


@pytest.mark.parametrize("radius", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("seed", [3, 22])
def test_the_model_is_least_where_it_is_said_to_be(seed, radius):
    objective, start = at_random(seed)
    model = HeadsModel.at(objective, best_features(objective, start))
    step = model.minimum(radius)
    X, decrease, length = step.X, step.decrease, step.length

    def value(X):
        return float(model.gradient.dot(X) + 0.5 * X.dot(model.curvature @ X))

    def size(X):
        return float(X @ model.metric @ X) ** 0.5

    assert length <= radius * (1.0 + 1e-9)
    assert size(X) == pytest.approx(length, rel=1e-6)
    assert value(X) == pytest.approx(-decrease, rel=1e-6)
    for i in range(200):
        step = direction(objective, i)
        other = X + 0.3 * radius / size(step) * step
        other *= min(1.0, radius / size(other))
        assert value(other) >= value(X) - 1e-9 * abs(value(X))


def test_the_other_end_of_the_lowest_eigenvector_is_taken_where_the_slope_has_none_of_it():
    """At a second feature of zero its gradient in the heads is too: a saddle."""
    form = draw(22).standard_forms()[0]
    objective = Objective(form, 2)
    x = torch.zeros(objective.variables, dtype=torch.float64)
    W_hat = objective.split(x)[0]
    W_hat[:, 0] = random_start(objective, 0, "cpu")[: form.rows]
    model = HeadsModel.at(objective, best_features(objective, state_at(objective, x)))
    assert float(torch.linalg.eigvalsh(model.curvature)[0]) < 0.0
    step = model.minimum(0.5)
    assert step.on_boundary
    assert step.length == pytest.approx(0.5)
    assert step.decrease > 0.0


def test_a_bent_step_minimizes_what_the_product_of_both_changes_adds_to_the_logits():
    """Its part beyond X is stationary in the model of second order whose logits have that product besides."""
    objective, start = of("cross-entropy")
    state = best_features(objective, start)
    model = HeadsModel.at(objective, state)
    step = model.minimum(0.1)
    X, dH = model.bent(objective, state.at, step)
    along = (model.features @ step.X).T
    dW = step.X.view(-1, 3)[:, :2]
    mu = float(step.curvatures[0] - step.modes[:, 0] @ model.curvature @ step.modes[:, 0])
    zero = torch.zeros_like(state.x)
    more = moved(objective, zero, X - step.X, dH - along)
    dG = objective.runs[0].columns.curve(state.at.states[0], (dW @ along) * objective.E)
    product = objective.join(
        (dG * objective.E) @ state.at.H_hat.T,
        state.at.W_hat.T @ (dG * objective.E),
        objective.e * dG.sum(1, keepdim=True),
    )
    left = objective.hessian_vector(state.at, more) + product
    bound = moved(objective, zero, mu * model.metric @ (X - step.X), 0.0)
    torch.testing.assert_close(left, -bound, rtol=0, atol=1e-9 * float(product.norm()))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_each_column_goes_down_whatever_the_size_of_the_logits(seed, size):
    """At a hundred times the heads, logits of thousands tie."""
    objective, start = at_random(seed)
    W_hat, H_hat, b_hat = objective.split(start.x)
    first = state_at(objective, objective.join(size * W_hat, H_hat, b_hat))
    last = best_features(objective, first)
    slopes = [float(objective.split(state.gradient)[1].norm()) for state in (first, last)]
    assert slopes[1] <= 1e-10 * slopes[0]


def test_steps_run_out_and_say_so():
    objective, start = at_random(22)
    history = History()
    state, ended = descend(objective, start, history, tolerance=1e-12, max_steps=3)
    assert ended == "steps"
    assert len(history.loss) == 3
    assert state.value < start.value


def test_too_many_heads_are_left_to_other_steps(monkeypatch):
    assert eliminated.entries(6, 8, 2) == 6 * 6 * 8 * 3
    assert eliminated.entries(100, 5, 1) > 0 == eliminated.entries(101, 5, 1)
    assert eliminated.entries(10, 10**6, 2) == 0


SWEEP = [(3, 2), (9, 1), (178, 1)]
SLOW = [(9, 2), (12, 1), (22, 1), (22, 2), (32, 2), (33, 2), (61, 2), (94, 2), (127, 2), (178, 2), (250, 2), (250, 3)]


@pytest.mark.parametrize(("seed", "dim"), [*SWEEP, *(pytest.param(*pair, marks=pytest.mark.slow) for pair in SLOW)])
def test_crawling_runs_end(seed, dim):
    solution = solve_newton(draw(seed).standard_forms()[0], Newton(steps=1000), dim=dim, seed=seed)
    assert solution.converged, solution.status
    assert len(solution.history["loss"]) <= 1000
