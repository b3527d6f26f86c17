"""A loss that is added by its two classes and its name in the two registries, and by nothing else, works everywhere."""

import copy
from types import SimpleNamespace

import mpmath as mp
import numpy as np
import pytest
import torch
from family import columns
from log_cosh_solved import LogCosh as Solved
from log_cosh_verified import LogCosh as Verified
from program import run

import theory
import ufm
import ufm.losses
import ufm_networks.training.losses
import verify
import verify.losses

NAME = "log-cosh"
LAMBDA = {"lambda_H": 0.05, "lambda_W": 0.04}
BIASES = (0.05, 0.0, None)
# by default every problem with one of the biases, in turn
CASES = [
    pytest.param(bias, i, marks=() if BIASES[i % 3] == bias else pytest.mark.slow) for bias in BIASES for i in range(5)
]


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(ufm.losses.LOSSES, NAME, Solved)
    monkeypatch.setitem(verify.losses.LOSSES, NAME, Verified)


def problems(lambda_b):
    rng = np.random.default_rng(1)
    settings = {**LAMBDA, "lambda_b": lambda_b}
    labels = np.stack([rng.permutation(np.arange(40) % k) for k in (3, 2)], axis=1)
    labels[rng.random(labels.shape) < 0.2] = -1
    labels = labels[(labels >= 0).any(axis=1)]
    yield ufm.SingleSource.balanced((3, 2), 6, loss=NAME, label_smoothing=0.1, **settings)
    yield ufm.SingleSource.from_labels(
        labels, (3, 2), missing=-1, loss=[NAME, "cross-entropy"], task_weights=(2.0, 0.5), **settings
    )
    yield ufm.MultiSource([[5, 3, 9], [4, 2]], loss=["squared-error", NAME], reduction="mean", **settings)
    yield ufm.MultiLabel.from_indicators(rng.random((20, 4)) < 0.5, loss=NAME, **settings)
    yield ufm.SingleSource.from_probabilities([rng.dirichlet(np.ones(3), 6)], loss=NAME, **settings)


def objective(problem, point):
    """F from the definition, in doubles."""
    total = 0.0
    W, b = ([np.asarray(x) for x in part] for part in (point.W, point.b))
    features = point.H if problem.source == "multi" else [point.H]
    for (tasks, owner, counts, targets), H in zip(columns(problem), features, strict=True):
        over = sum(counts) if problem.reduction == "mean" else 1
        for n, ys, h in zip(counts, targets, np.asarray(H).T, strict=True):
            total += problem.lambda_H * n * owner * h @ h
            for t, y in zip(tasks, ys, strict=True):
                if y is not None:
                    u, y = W[t] @ h + b[t], np.array(y, dtype=float)
                    loss = {
                        NAME: np.log(np.cosh(u - y)).sum(),
                        "squared-error": 0.5 * ((u - y) ** 2).sum(),
                        "cross-entropy": y.sum() * np.log(np.exp(u).sum()) - y @ u,
                    }[problem.losses[t]]
                    total += problem.task_weights[t] * n * loss / over
    for c, w, v in zip(problem.task_weights, W, b, strict=True):
        total += c * (problem.lambda_W * (w**2).sum() + (problem.lambda_b or 0.0) * (v**2).sum())
    return total


@pytest.mark.parametrize(("lambda_b", "number"), CASES)
def test_solvers_agree_and_the_certificate_closes(lambda_b, number):
    problem = list(problems(lambda_b))[number]
    newton = ufm.solve(problem)
    assert newton.objective == pytest.approx(objective(problem, newton), rel=1e-12)
    certificate = verify.certify(problem, newton, rigorous=True)
    assert certificate.verdict.startswith("global minimum")
    assert certificate.relative_gap < 1e-10
    low, high = certificate.enclosure.lower, certificate.enclosure.upper
    assert low <= newton.objective * (1 + 1e-12)
    assert newton.objective <= high * (1 + 1e-12)
    assert verify.curvature(problem, newton).verdict != "negative curvature"
    for other in (ufm.solve(problem, method="gradient"), ufm.solve(problem, method="convex")):
        assert other.objective == pytest.approx(newton.objective, rel=1e-6)
    far = SimpleNamespace(**{k: [1.1 * np.asarray(x) for x in getattr(newton, k)] for k in ("W", "b")}, H=newton.H)
    assert not verify.certify(problem, far).verdict.startswith("global minimum")


@pytest.mark.parametrize(("lambda_b", "number"), CASES)
def test_many_are_solved_and_certified_together(lambda_b, number):
    problem = list(problems(lambda_b))[number]
    alike = [copy.copy(problem) for _ in range(16)]
    for factor, other in zip(np.geomspace(0.5, 2.0, 16), alike, strict=True):
        other.lambda_H = factor * problem.lambda_H
    solutions = ufm.solve_many(alike)
    assert {c.verdict for c in verify.certify_many(alike, solutions)} == {"global minimum"}
    assert solutions[3].objective == pytest.approx(ufm.solve(alike[3]).objective, rel=1e-12)


def test_a_loss_that_adds_up_all_problems_is_refused(monkeypatch):
    class Columns(Solved.columns):
        def value(self, u):
            value, pieces = super().value(u)
            return value.sum(), pieces

    monkeypatch.setattr(Solved, "columns", Columns)
    with pytest.raises(TypeError, match="LogCosh's columns add up all problems"):
        ufm.solve_many([next(problems(0.05))] * 16)


def test_the_conjugate_is_bounded():
    """−ℓ* as computed is at most the exact one, and close."""
    rng = np.random.default_rng(2)
    y, g = rng.normal(0.0, 3.0, (3, 200)), rng.uniform(-1.0, 1.0, (3, 200)) ** 9
    at = verify.losses.tasks.Tasks((3,), y, np.argmax(y, axis=0)[None], np.ones((1, 200)), None, False, 0)
    bound = Verified.bound(at, g.copy(), None)[0]
    with mp.workdps(40):
        for i in range(g.shape[1]):
            exact = mp.mpf(0)
            for x, target in zip(map(mp.mpf, g[:, i].tolist()), y[:, i].tolist(), strict=True):
                exact -= sum(q * mp.log(q) for q in (1 + x, 1 - x)) / 2 + x * target
            assert bound[i] <= exact
            assert bound[i] >= exact - 1e-13 * (1 + abs(y[:, i] * g[:, i]).sum())


def test_theory_and_compare_say_that_no_theorem_covers_it():
    problem = next(problems(0.05))
    with pytest.raises(theory.NotCovered, match=f"loss='{NAME}'"):
        theory.predict(problem)
    comparison = verify.compare(problem, ufm.solve(problem))
    assert comparison.passed
    assert "No theorem covers" in str(comparison)


def test_files_keep_it(tmp_path):
    for problem in problems(0.0):
        solution = ufm.solve(problem)
        solution.save(tmp_path / "s.safetensors")
        again = ufm.load(tmp_path / "s.safetensors")
        assert again.problem.losses == problem.losses
        assert verify.certify(again.problem, again).objective == verify.certify(problem, solution).objective


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_the_command_line_takes_it(monkeypatch, capsys):
    flags = ["--classes", "3", "3", "--samples", "6", "--loss", NAME, "--lambda-b", "none"]
    assert run(monkeypatch, "solve", *flags) == 0
    assert NAME in capsys.readouterr().out
    assert run(monkeypatch, "solve", *flags[:-4], "--loss", "log-cosch") != 0
    assert f"'{NAME}'" in capsys.readouterr().err


def test_networks_train_with_it():
    """The loss of batches, which the names in ``LossName`` have, differentiates as it is defined."""
    u = torch.randn(8, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[0], [1], [2], [-1], [0], [1], [2], [0]])
    loss = ufm_networks.training.losses.model_loss(NAME)
    total = loss(None, None, [u], labels, "single").sum()
    y = torch.nn.functional.one_hot(labels[:, 0].clamp_min(0), 3)
    literal = (torch.log(torch.cosh(u - y)) * (labels >= 0)).sum()
    assert torch.allclose(total, literal)
    assert torch.allclose(*(torch.autograd.grad(x, u)[0] for x in (total, literal)))
