import numpy as np
import pytest
import torch
from gradient_problems import first_form, in_form_order, lambdas, odd_form, written_out

import ufm
from ufm import SingleSource
from ufm.solvers.gradient import minimize
from ufm.solvers.gradient import objective as objective_module
from ufm.solvers.gradient.adam import Adam
from ufm.solvers.gradient.fixed_momentum import fixed_momentum

OPTIMIZERS = {
    ("momentum", 0.9): lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9),
    ("momentum", 0.0): lambda parameters, rate: torch.optim.SGD(parameters, lr=rate),
    ("adam", 0.9): lambda parameters, rate: torch.optim.Adam(parameters, lr=rate, betas=(0.9, 0.999)),
}


def autograd_run(form, counts, start, optimizer, steps):
    parameters = [x.clone().requires_grad_() for x in start]
    stepper = optimizer(parameters)
    for _ in range(steps):
        stepper.zero_grad()
        written_out(form, counts, *parameters).backward()
        stepper.step()
    return [x.detach() for x in parameters]


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("chunk_bytes", [300, 1 << 21])
def test_trajectory_is_that_of_torch_optim(kind, chunk_bytes, monkeypatch):
    """The start is read off a run whose rate is too small to move it."""
    monkeypatch.setattr(objective_module, "CPU_CHUNK", chunk_bytes)
    form, counts = odd_form()
    name, momentum = kind
    run = {"dim": 4, "seed": 2, "optimizer": name, "momentum": momentum, "tolerance": 1e-12}
    still = minimize(form, counts, **run, learning_rate=1e-300, steps=1)
    moved = minimize(form, counts, **run, learning_rate=0.02, steps=30)
    expected = autograd_run(form, counts, (still.W, still.H, still.b), lambda p: OPTIMIZERS[kind](p, 0.02), steps=30)
    for mine, theirs, start in zip((moved.W, moved.H, moved.b), expected, (still.W, still.H, still.b), strict=True):
        assert (theirs - start).norm() > 0.1
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-11)
    assert moved.objective == pytest.approx(written_out(form, counts, *expected).item(), rel=1e-12)


def test_fused_step_on_problem_3_in_float32():
    """Problem (3) as a user would write it: one head a task, F.cross_entropy, SGD."""
    problem = SingleSource.balanced((3, 4), 6, **lambdas(0.01))
    form, counts = first_form(problem)
    with torch.no_grad():
        fused = fixed_momentum(form, counts, dim=5, learning_rate=0.05)
    W, H, b = in_form_order(fused.objective, fused.point)
    labels = torch.as_tensor(np.repeat(problem.labels, counts, axis=0))
    W, b = (
        [part.detach().clone().requires_grad_() for part in torch.split(stacked, list(form.classes))]
        for stacked in (W, b)
    )
    H = H.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([*W, *b, H], lr=0.05, momentum=0.9)
    for _ in range(20):
        optimizer.zero_grad()
        loss = 0.01 * H.square().sum()
        for t in range(2):
            loss = loss + torch.nn.functional.cross_entropy(H.T @ W[t].T + b[t], labels[:, t], reduction="sum")
            loss = loss + 0.01 * (W[t].square().sum() + b[t].square().sum())
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            fused.step()
    mine = in_form_order(fused.objective, fused.point)
    for ours, theirs in zip(mine, (torch.cat(W), H, torch.cat(b)), strict=True):
        torch.testing.assert_close(ours.detach(), theirs.detach(), rtol=1e-3, atol=1e-5)


def test_a_rate_too_large_is_reported():
    form, counts = first_form(SingleSource.balanced((3, 3), 20, **lambdas(0.01)))
    result = minimize(form, counts, dim=4, learning_rate=50.0)
    assert not result.converged
    assert result.status.startswith("diverged")
    assert "learning_rate" in result.status


def test_steps_run_out_with_advice():
    form, counts = first_form(SingleSource.balanced((3, 3), 20, **lambdas(0.01)))
    for options in ({}, {"optimizer": "lbfgs"}, {"optimizer": "adam"}, {"learning_rate": 1e-3}, {"momentum": 0.5}):
        result = minimize(form, counts, dim=4, steps=5, **options)
        assert not result.converged
        assert result.steps == 5
        assert "raise steps=" in result.status
        assert result.history["step"] == [0, 5]


@pytest.mark.parametrize("rate", [{}, {"learning_rate": 1e-3}])
def test_the_optimizer_asked_for_is_the_one_that_runs(rate, monkeypatch):
    """Adam's step, and no other's, is taken by optimizer="adam", with rates of its own too."""
    taken, step = [], Adam.step
    monkeypatch.setattr(Adam, "step", lambda self, *rest: taken.append(1) or step(self, *rest))
    problem = ufm.SingleSource.balanced((2, 2), 3, lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    for optimizer in ("momentum", "adam"):
        taken.clear()
        ufm.solve(problem, method="gradient", optimizer=optimizer, steps=5, **rate)
        assert bool(taken) == (optimizer == "adam")
