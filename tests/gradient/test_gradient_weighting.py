"""Task weightings over free features: each step against autograd, and what they come to rest at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import ufm
import verify
from ufm.solvers.gradient import minimize
from ufm.weighting import make_weighting

LAMBDAS = {"lambda_H": 0.03, "lambda_W": 0.02, "lambda_b": 0.01}
RULES: list[tuple[str, dict[str, Any]]] = [
    ("uniform", {}),
    ("mgda", {}),
    ("uncertainty", {}),
    ("pcgrad", {}),
    ("dwa", {"temperature": 0.5}),
    ("famo", {"rate": 0.1}),
    ("fairgrad", {"alpha": 2.0}),
]


def unequal() -> ufm.SingleSource:
    """Three correlated tasks, the largest first, so that the solver reorders them."""
    labels = np.random.default_rng(0).integers(0, (4, 2, 3), (40, 3))
    labels[::2, 1] = labels[::2, 0] % 2
    return ufm.SingleSource.from_labels(labels, classes=(4, 2, 3), **LAMBDAS)


def solve(problem: Any, weighting: str, **options: Any) -> ufm.Solution:
    defaults: dict[str, Any] = {"learning_rate": 0.02, "momentum": 0.9, "tolerance": 1e-12}
    defaults["metrics"] = verify.tracked(problem)
    return ufm.solve(problem, method="gradient", weighting=weighting, **(defaults | options))


def at_rest(solution: ufm.Solution, problem: Any) -> Any:
    """The same problem with c = the final weights, certified at the solution."""
    weights = [solution.history[f"weight_{t + 1}"][-1] for t in range(len(problem.classes))]
    settings = {name: getattr(problem, name) for name in LAMBDAS}
    labels = np.repeat(problem.labels, problem.counts, axis=0)
    weighted = ufm.SingleSource.from_labels(labels, classes=problem.classes, task_weights=weights, **settings)
    return verify.certify(weighted, W=solution.W, H=solution.H, b=solution.b, labels=solution.labels)


@pytest.mark.parametrize(("name", "options"), RULES)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_steps_are_autograd_s(name: str, options: dict[str, Any], reduction: str) -> None:
    """Cross-entropies by PyTorch, their gradients one by one, weights from J Jᵀ, SGD by its definition."""
    problem = unequal()
    problem.reduction = reduction
    steps, rate, momentum = 12, 0.02, 0.8
    start = ufm.solve(problem, method="gradient", learning_rate=1e-300, steps=1, dim=4)
    W, b = [w.clone() for w in start.W], [v.clone() for v in start.b]
    assert isinstance(start.H, torch.Tensor)
    H = start.H.clone()
    variables = [H, *W, *b]
    labels = torch.as_tensor(np.repeat(problem.labels, problem.counts, axis=0))
    scale = 1.0 if reduction == "sum" else 1.0 / problem.samples

    def losses() -> torch.Tensor:
        one = torch.nn.functional.cross_entropy
        return torch.stack(
            [
                scale * one((w @ H).T + v, labels[:, t], reduction="sum")
                for t, (w, v) in enumerate(zip(W, b, strict=True))
            ]
        )

    rule = make_weighting(name, 3, **options)
    velocity = [torch.zeros_like(x) for x in variables]
    s_velocity = torch.zeros(3, dtype=torch.float64)
    history = []
    for _ in range(steps):
        for x in variables:
            x.requires_grad_()
        L = losses()
        J = torch.stack([torch.autograd.grad(loss, H, retain_graph=True)[0].reshape(-1) for loss in L])
        with torch.no_grad():
            w = rule.weights(L.detach(), J @ J.T)
            history.append(w.tolist())
            gradients = [(w @ J).view_as(H) + 2 * LAMBDAS["lambda_H"] * H]
        own = L + torch.stack(
            [
                LAMBDAS["lambda_W"] * x.square().sum() + LAMBDAS["lambda_b"] * v.square().sum()
                for x, v in zip(W, b, strict=True)
            ]
        )
        gradients += torch.autograd.grad(own.sum() if rule.gradients else w @ own, [*W, *b])
        with torch.no_grad():
            for x, M, gradient in zip(variables, velocity, gradients, strict=True):
                x.sub_(M.mul_(momentum).add_(gradient), alpha=rate)
            if rule.learned is not None:
                rule.learned.sub_(s_velocity.mul_(momentum).add_(rule.learned_gradient(L.detach())), alpha=rate)
            after = losses()
            rule.stepped(L.detach(), after)
            rule.epoch_ended(after)
    settings = {"steps": steps, "learning_rate": rate, "momentum": momentum, "dim": 4, "log_every": 1}
    solution = solve(problem, name, weighting_options=options, **settings)
    found = np.array([solution.history[f"weight_{t + 1}"] for t in range(3)]).T
    np.testing.assert_allclose(found[:-1], history, rtol=1e-7)
    for mine, theirs in zip([solution.H, *solution.W, *solution.b], variables, strict=True):
        torch.testing.assert_close(mine, theirs.detach(), rtol=1e-7, atol=1e-10)
    assert solution.history["loss_2"][-1] == pytest.approx(float(after[1]), rel=1e-7)


def test_uniform_is_no_weighting() -> None:
    problem = unequal()
    solution = solve(problem, "uniform", steps=50)
    plain = ufm.solve(problem, method="gradient", learning_rate=0.02, momentum=0.9, steps=50)
    torch.testing.assert_close(solution.W, plain.W, rtol=1e-9, atol=1e-12)
    assert solution.objective == pytest.approx(plain.objective, rel=1e-12)
    assert solution.history["loss"][-1] == pytest.approx(plain.history["loss"][-1], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "steps"), [("uniform", 1500), ("pcgrad", 1500), ("dwa", 1500), ("fairgrad", 2000), ("uncertainty", 7000)]
)
def test_where_weights_come_to_rest_their_problem_is_solved(name: str, steps: int) -> None:
    """Weights end equal by symmetry, whatever path led there; the minimum of that problem is certified."""
    problem = ufm.SingleSource.balanced((2, 2), 5, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    solution = solve(problem, name, steps=steps, tolerance=1e-7, log_every=50, learning_rate=0.05)
    assert solution.converged
    final = [solution.history[f"weight_{t + 1}"][-1] for t in range(2)]
    assert final[0] == pytest.approx(final[1], rel=1e-5)
    assert at_rest(solution, problem).verdict == "global minimum"
    for metric in ("SNC1", "SNC2_1", "SNC2_2", "SNC3", "SNC4"):
        assert solution.history[metric][-1] < 1e-5
    if name == "uncertainty":
        for t in (1, 2):
            product = solution.history[f"weight_{t}"][-1] * solution.history[f"loss_{t}"][-1]
            assert product == pytest.approx(0.5, rel=1e-5)


def test_weights_that_rest_apart_solve_their_problem_too() -> None:
    """Tasks of unequal sizes; the certificate with equal weights does not close, so it is the weights that matter."""
    problem = ufm.SingleSource.balanced((2, 4), 3, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    solution = solve(problem, "fairgrad", steps=4000, tolerance=1e-7, log_every=50)
    weights = [solution.history[f"weight_{t}"][-1] for t in (1, 2)]
    assert solution.converged
    assert abs(weights[0] / weights[1] - 1) > 0.1
    assert at_rest(solution, problem).verdict == "global minimum"
    assert verify.certify(problem, solution).verdict != "global minimum"


def test_mgda_rests_where_heads_have_equal_norms() -> None:
    """‖H^t‖² ∝ w_t by its rule, λ_H ‖H^t‖² = w_t λ_W ‖W^t‖² by stationarity; and collapse hides what it does."""
    problem = ufm.SingleSource.balanced((3, 3), 2, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    solution = solve(problem, "mgda", learning_rate=0.1, steps=7000, tolerance=1e-7, log_every=100)
    weights, losses = ([solution.history[f"{name}_{t}"][-1] for t in (1, 2)] for name in ("weight", "loss"))
    assert solution.converged
    assert max(weights) > 0.99
    assert max(losses) > 0.8 * 18 * np.log(3)  # a task hardly learned
    assert float(solution.W[0].norm() / solution.W[1].norm()) == pytest.approx(1.0, abs=1e-4)
    assert at_rest(solution, problem).verdict == "global minimum"
    for metric in ("SNC1", "SNC2_1", "SNC2_2", "SNC3", "SNC4"):
        assert solution.history[metric][-1] < 1e-4


@pytest.mark.parametrize("name", ["pcgrad", "uncertainty", "dwa", "famo", "mgda"])
def test_resumed_is_uninterrupted_to_the_bit(name: str, tmp_path: Any) -> None:
    problem, path = unequal(), tmp_path / "run.safetensors"
    whole = solve(problem, name, steps=40)
    assert not solve(problem, name, steps=17, checkpoint=path).converged
    resumed = solve(problem, name, steps=40, checkpoint=path)
    assert torch.equal(torch.cat(resumed.W), torch.cat(whole.W))
    assert resumed.history["weight_1"][-1] == whole.history["weight_1"][-1]
    with pytest.raises(ValueError, match=r"is of another run: weighting \('" + name + "' there, 'uniform' here"):
        solve(problem, "uniform", steps=40, checkpoint=path)


@pytest.mark.parametrize("name", [name for name, _ in RULES])
def test_one_task_is_trained_as_ever(name: str) -> None:
    problem = ufm.MultiLabel.balanced(3, {1: 4, 2: 2}, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    plain = ufm.solve(problem, method="gradient", learning_rate=0.02, steps=30)
    solution = solve(problem, name, steps=30)
    torch.testing.assert_close(solution.W, plain.W, rtol=1e-9, atol=1e-12)


def test_single_precision_and_a_user_s_metrics() -> None:
    problem = unequal()
    (form,) = problem.standard_forms()
    result = minimize(
        form,
        problem.counts,
        dim=4,
        dtype="float32",
        weighting="mgda",
        learning_rate=0.02,
        steps=20,
        metrics=lambda at: {"size": float(at.W[0].norm())},
    )
    assert result.W.dtype == torch.float32
    assert {"size", "weight_1", "loss_3"} <= set(result.history)
    weights = [result.history[f"weight_{t}"][-1] for t in (1, 2, 3)]
    assert sum(weights) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weighting": "mdga", "learning_rate": 0.1}, "weighting must be one of 'uniform', 'mgda'"),
        ({"weighting": "fixed", "learning_rate": 0.1}, "the problem's own task_weights="),
        ({"weighting": "mgda"}, "needs optimizer='momentum' with a learning_rate=.*line search"),
        ({"weighting": "mgda", "learning_rate": 0.1, "optimizer": "adam"}, "needs optimizer='momentum'"),
        ({"weighting": "dwa", "learning_rate": 0.1, "weighting_options": {"tau": 1}}, "'tau' is not an option"),
        ({"weighting_options": {"tau": 1}}, "without weighting="),
    ],
)
def test_refusals(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ufm.solve(unequal(), method="gradient", **options)


def test_weights_are_set_once_and_of_tasks_that_share_features() -> None:
    weighted = ufm.SingleSource.balanced((2, 2), 3, task_weights=[1, 2], **LAMBDAS)
    with pytest.raises(ValueError, match=r"task_weights=\[1.0, 2.0\] and weighting='mgda' are both given"):
        solve(weighted, "mgda")
    with pytest.raises(ValueError, match="share no features"):
        solve(ufm.MultiSource.balanced((2, 2), 3, **LAMBDAS), "mgda")
    with pytest.raises(TypeError, match="weighting_options must be a dict"):
        solve(unequal(), "dwa", weighting_options=2.0)
    with pytest.raises(TypeError, match="weighting= is not an option of method='newton'"):
        ufm.solve(unequal(), weighting="mgda")


def test_status_says_what_to_do() -> None:
    assert "may also never come to rest" in solve(unequal(), "famo", steps=5).status
    diverged = solve(unequal(), "uniform", learning_rate=1e200, steps=50)
    assert diverged.status.endswith("lower learning_rate=")
