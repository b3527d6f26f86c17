"""Every loss, bias and target by first-order steps: newton's minimum, no bias where there is none, no division by 0."""

import itertools

import numpy as np
import pytest
import torch

import ufm
from ufm.support.threads import threads_for

LOSSES = ("cross-entropy", "binary-cross-entropy", "squared-error", ("squared-error", "binary-cross-entropy"))
BIASES = (0.05, 0.0, None)
OPTIONS = {
    "momentum": {},
    "momentum, float32": {"dtype": "float32"},
    "lbfgs": {"optimizer": "lbfgs"},
    "lbfgs, float32": {"optimizer": "lbfgs", "dtype": "float32"},
    "adam": {"optimizer": "adam", "steps": 600},
    "fixed rate": {"learning_rate": 0.02, "steps": 3000, "tolerance": 1e-4},
}


@pytest.fixture(autouse=True)
def _one_thread():
    with threads_for(1):
        yield


def labels(seed=0):
    rng = np.random.default_rng(seed)
    full = rng.integers(0, 3, (40, 2))
    full[:, 0] = np.where(rng.random(40) < 0.5, 0, full[:, 0])
    return rng, full


def whole(**settings):
    return ufm.SingleSource.from_labels(labels()[1], **settings)


def missing(**settings):
    rng, table = labels()
    table[rng.random(40) < 0.3, 0] = -1
    table[(rng.random(40) < 0.3) & (table[:, 0] >= 0), 1] = -1
    return ufm.SingleSource.from_labels(table, missing=-1, task_weights=[0.5, 2], **settings)


def soft(**settings):
    rng = np.random.default_rng(1)
    tables = [rng.dirichlet(np.ones(3), 12), rng.dirichlet(np.ones(4), 12)]
    return ufm.SingleSource.from_probabilities(tables, label_smoothing=0.05, **settings)


def regression(**settings):
    Y = np.random.default_rng(2).normal(size=(30, 3)) + 3
    return ufm.Regression([Y[:, :1], Y[:, 1:]], task_weights=[1, 3], **settings)


def settings(loss, bias):
    return {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": bias, "loss": loss}


CASES = [
    *((build, loss, bias) for build, loss, bias in itertools.product((whole, missing, soft), LOSSES, BIASES)),
    *((regression, "squared-error", bias) for bias in BIASES),
]


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)))
def test_reaches_newton_s_minimum(number, case):
    """Optimizers in turn: each meets every loss, and every bias."""
    build, loss, bias = case
    problem = build(**settings(loss, bias))
    least = ufm.solve(problem)
    assert least.converged
    name = list(OPTIONS)[(number + number // 3) % 6]
    if name == "fixed rate" and build is regression:
        name = "momentum"  # targets far from 0 need another rate
    found = ufm.solve(problem, "gradient", **OPTIONS[name])
    assert found.objective == pytest.approx(least.objective, rel=1e-6), (name, found.status)
    assert found.objective >= least.objective * (1 - 1e-11)
    assert found.converged or name == "adam", found.status
    assert all((b == 0).all() for b in found.b) == (bias is None)


@pytest.mark.parametrize(
    ("weighting", "bias"),
    [
        ("mgda", None),
        ("fairgrad", 0.0),
        pytest.param("mgda", 0.0, marks=pytest.mark.slow),
        pytest.param("fairgrad", None, marks=pytest.mark.slow),
    ],
)
def test_weightings_weigh_other_losses(weighting, bias):
    """Where weights come to rest, their problem is solved; mgda rests at one task alone."""
    problem = missing(**settings(("squared-error", "binary-cross-entropy"), bias))
    table = np.repeat(problem.labels, problem.counts, axis=0)
    own = settings(problem.loss, bias)
    plain = ufm.SingleSource.from_labels(table, missing=-1, **own)
    options = {"learning_rate": 0.02, "steps": 4000, "tolerance": 1e-7}
    found = ufm.solve(plain, "gradient", weighting=weighting, **options)
    weights = [max(1e-12, found.history[f"weight_{t}"][-1]) for t in (1, 2)]
    least = ufm.solve(ufm.SingleSource.from_labels(table, missing=-1, task_weights=weights, **own)).objective
    assert found.history["loss"][-1] == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize("optimizer", ["momentum", "lbfgs"])
@pytest.mark.parametrize("targets", [np.full((5, 2), 3.0), np.zeros((5, 2)), np.full((4, 1), -2e5)])
def test_a_minimum_of_zero_is_reached(targets, optimizer):
    """Equal targets and a free bias: F falls to nothing, by which nothing is divided."""
    problem = ufm.Regression(targets, lambda_H=0.05, lambda_W=0.05, lambda_b=0)
    found = ufm.solve(problem, "gradient", optimizer=optimizer)
    assert found.converged, found.status
    assert found.objective <= 1e-16 * (1 + np.square(targets).sum())
    np.testing.assert_allclose(found.b[0], targets[0], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("loss", ["binary-cross-entropy", "squared-error"])
def test_a_free_bias_of_a_class_without_samples(loss):
    """A free bias falls to where binary cross-entropy has no loss, so slowly that only F is a number to ask for."""
    problem = ufm.SingleSource([5, 0, 3], lambda_H=0.05, lambda_W=0.05, lambda_b=0, loss=loss)
    found = ufm.solve(problem, "gradient")
    least = ufm.solve(problem).objective
    assert found.objective == pytest.approx(least, rel=1e-6)


def test_the_point_of_a_run_without_bias_is_saved_and_resumed(tmp_path):
    path = tmp_path / "run.safetensors"
    problem = missing(**settings("squared-error", None))
    whole_run = ufm.solve(problem, "gradient", steps=20)
    for steps in (8, 20):
        resumed = ufm.solve(problem, "gradient", steps=steps, checkpoint=path)
    assert torch.equal(resumed.H, whole_run.H)
    assert all((b == 0).all() for b in resumed.b)
