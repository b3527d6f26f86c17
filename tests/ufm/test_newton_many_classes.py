"""Newton on many classes: the metric of labels is what it says, and solves take few products and end at the minimum."""

import numpy as np
import pytest
import torch
from newton_problems import assert_same_minimum, lambdas
from newton_sweep import draw, draw_any_loss

import ufm
import verify
from ufm.solvers.newton import label_metric
from ufm.solvers.newton import large as size
from ufm.solvers.newton.column_solution import random_start
from ufm.solvers.newton.label_metric import LabelMetric
from ufm.solvers.newton.ray_start import ray_start
from ufm.solvers.newton.trust_region import state_at
from ufm.solvers.objective import FREE, Objective

RNG = np.random.default_rng(0)
PAIRS = RNG.integers(0, (3, 4), (9, 2))
PAIRS[4, 0] = -1


def tail(classes, most, fewest):
    return np.round(most * (fewest / most) ** (np.arange(classes) / (classes - 1))).astype(int)


def small_problems():
    single = ufm.SingleSource
    yield "one task", single([5, 3, 9, 1], **lambdas(0.05, 0.02))
    yield "no bias, a class without samples", single([5, 3, 0, 1], **lambdas(0.05, 0.02, None))
    yield "sigmoids", single([5, 3, 9, 1], loss="binary-cross-entropy", label_smoothing=0.1, **lambdas(0.05, 0.02))
    weights = {"task_weights": [0.3, 2.0], **lambdas(0.05, 0.02)}
    yield "two tasks, one label missing", single.from_labels(PAIRS, (3, 4), missing=-1, **weights)
    mixed = {"loss": ["cross-entropy", "binary-cross-entropy"], **weights}
    yield "two losses, smoothed", single.from_labels(PAIRS, (3, 4), missing=-1, label_smoothing=0.2, **mixed)


SMALL = dict(small_problems())


@pytest.fixture
def all_large(monkeypatch):
    monkeypatch.setattr(size, "LARGE", 0)
    monkeypatch.setattr(label_metric, "MOST_PER_ROW", 1e9)


def by_definition(objective, at, small):
    """M as the module states it, from dense rows of J in u = E Ŵ Ĥ + e b̂."""
    form, d = objective.form, objective.dim
    D, E = objective.diagonal(at), objective.E
    total = torch.zeros(objective.variables, objective.variables, dtype=torch.float64)
    beside = D.clone()
    for t, block in enumerate(form.blocks()):
        K, blind = form.classes[t], form.losses[t] == "cross-entropy"
        for column in range(form.columns):
            if form.labelled is not None and not form.labelled[t, column]:
                continue
            k = block.start + int(form.targets[block, column].argmax())
            phi = torch.zeros(form.rows, 1, dtype=torch.float64)
            phi[k] = 1.0
            if blind:
                phi[block] -= 1.0 / K
                phi *= K / (K - 1)
            dW = phi * at.H_hat[:, column]
            dH = torch.zeros(d, form.columns, dtype=torch.float64)
            dH[:, column] = (at.W_hat.T @ phi)[:, 0]
            J = objective.join(dW, dH, phi * objective.e / E[:, column : column + 1])
            total += D[k, column] * torch.outer(J, J)
            beside[k, column] = 0.0
    beta = (objective.rho + objective.e**2 * (beside / E**2).sum(1, keepdim=True)).clamp_min(FREE)
    A = torch.eye(d, dtype=torch.float64) + (0.0 if small else (at.H_hat * beside.mean(0)) @ at.H_hat.T)
    B = torch.eye(d, dtype=torch.float64) + (0.0 if small else (at.W_hat.T * beside.mean(1)) @ at.W_hat)
    of_W = torch.kron(torch.eye(form.rows, dtype=torch.float64), A)
    of_H = torch.kron(B, torch.eye(form.columns, dtype=torch.float64))
    return total + torch.block_diag(of_W, of_H, torch.diag(beta[:, 0]))


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("name", SMALL)
def test_the_metric_is_the_inverse_of_its_definition(all_large, monkeypatch, name, small):
    monkeypatch.setattr(label_metric, "SMALL", np.inf if small else 0.0)
    form = SMALL[name].standard_forms()[0]
    objective = Objective(form, form.sufficient_dim)
    at = state_at(objective, random_start(objective, 3, "cpu")).at
    r = torch.randn(objective.variables, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    z = LabelMetric.at(objective, at).solve(objective, r)
    torch.testing.assert_close(by_definition(objective, at, small) @ z, r, rtol=1e-9, atol=1e-9)


def test_a_free_bias_stays_centred(all_large):
    form = ufm.SingleSource([5, 3, 9, 1], **lambdas(0.05, 0.02, 0.0)).standard_forms()[0]
    objective = Objective(form, 3)
    state = state_at(objective, random_start(objective, 3, "cpu"))
    db = objective.split(LabelMetric.at(objective, state.at).solve(objective, state.gradient))[2]
    assert abs(float(db.sum())) <= 1e-14 * float(db.abs().sum())


@pytest.mark.parametrize("name", SMALL)
def test_the_ray_ends_where_its_slope_does(name):
    """F along α is least at the start's α, b apart, and the start is lower than zero and far from random."""
    form = SMALL[name].standard_forms()[0]
    objective = Objective(form, form.sufficient_dim)
    zero = torch.zeros(objective.variables, dtype=torch.float64)
    state = ray_start(objective, random_start(objective, 0, "cpu"))
    W_hat, H_hat, b_hat = objective.split(state.x)
    without = [objective.value(objective.join(a * W_hat, a * H_hat, 0.0 * b_hat))[0] for a in (0.9, 1.0, 1.1)]
    assert without[1] < min(without[0], without[2])
    assert state.value <= without[1] < objective.value(zero)[0]
    singular = torch.linalg.svdvals(state_at(objective, zero).at.G)
    assert int(torch.linalg.matrix_rank(W_hat, rtol=1e-3)) == int((singular > 1.0 + 1e-12).sum())


LONG_TAILED = {
    "cross-entropy": ufm.SingleSource(tail(60, 5000, 5), **lambdas(5e-4, 5e-4, 5e-4)),
    "sigmoids": ufm.SingleSource(tail(60, 500, 5), loss="binary-cross-entropy", **lambdas(5e-3, 5e-3, 5e-3)),
    "half of the classes collapse": ufm.SingleSource([1000] * 20 + [3] * 20, **lambdas(1.0, 1.0)),
    "free bias, smoothed": ufm.SingleSource(tail(40, 100, 2), label_smoothing=0.1, **lambdas(1e-3, 1e-2, 0.0)),
}


@pytest.mark.parametrize("name", LONG_TAILED)
def test_same_minimum_as_from_a_random_start(monkeypatch, name):
    before = ufm.solve(LONG_TAILED[name])
    monkeypatch.setattr(size, "LARGE", 0)
    now = ufm.solve(LONG_TAILED[name])
    assert "ray" in now.status
    assert "ray" not in before.status
    assert_same_minimum(now, before)
    assert sum(now.history["cg_steps"]) <= sum(before.history["cg_steps"])
    assert verify.certify(LONG_TAILED[name], now).relative_gap <= 1e-11


@pytest.mark.parametrize(
    ("counts", "most"),
    [([100] * 120, 6), (tail(120, 5000, 5), 200), (tail(120, 1280, 5), 180)],
    ids=["balanced", "5000 to 5", "1280 to 5"],
)
def test_hessian_products_of_many_classes(counts, most):
    """Half as many again as when this was written: a metric gone wrong takes hundreds."""
    problem = ufm.SingleSource(counts, **lambdas(5e-4, 5e-4, 5e-4))
    solution = ufm.solve(problem)
    assert sum(solution.history["cg_steps"]) <= most
    assert verify.certify(problem, solution).relative_gap <= 1e-10


def test_attributes_take_one_metric_a_task():
    rng = np.random.default_rng(0)
    labels = (1.5 * rng.normal(size=(600, 1)) + rng.normal(size=(600, 20)) > 0.5).astype(int)
    problem = ufm.SingleSource.from_labels(labels, **lambdas(0.05, 0.05))
    solution = ufm.solve(problem)
    assert sum(solution.history["cg_steps"]) <= 200
    assert verify.certify(problem, solution).relative_gap <= 1e-10


def test_sampled_as_if_large(all_large, monkeypatch):
    monkeypatch.setattr(label_metric, "MOST_PER_ROW", 2)
    for seed in range(5):
        for problem in (draw(seed), draw_any_loss(seed)):
            solution = ufm.solve(problem, seed=seed)
            assert solution.converged, (seed, solution.status)
            assert verify.certify(problem, solution).relative_gap <= 1e-10
