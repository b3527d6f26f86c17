"""method="projection": Newton's minimum and the certificate's gap, from the heads alone."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from newton_sweep import draw_any_loss
from scipy.optimize import minimize

import ufm
import verify
from ufm.outcome import Outcome
from ufm.solvers.newton.dual_constraint import spectral_excess
from ufm.solvers.newton.trust_region import state_at
from ufm.solvers.objective import Objective
from ufm.solvers.projection import column_solution, quasi_newton, reduced
from ufm.solvers.projection.features import best_features
from ufm.solvers.projection.polar_gap import polar_gap
from ufm.solvers.projection.reduced import Reduced

LAMBDAS = {"lambda_H": 5e-3, "lambda_W": 5e-3, "lambda_b": 5e-3}
RNG = np.random.default_rng(0)


def some_pairs(classes: int, pairs: int, most: int = 1, **settings) -> ufm.SingleSource:
    rng = np.random.default_rng(classes)
    counts = np.zeros((classes, classes), int)
    counts.flat[rng.choice(classes**2, pairs, replace=False)] = rng.integers(1, most + 1, pairs)
    return ufm.SingleSource(counts, **LAMBDAS | settings)


PROBLEMS = {
    "pairs": some_pairs(12, 40),
    "pairs of unequal counts": some_pairs(9, 30, most=200),
    "mean": some_pairs(6, 20, most=9, reduction="mean", lambda_H=1e-4, lambda_W=1e-4),
    "unequal tasks and weights": ufm.SingleSource(
        RNG.integers(0, 5, (2, 7, 3)), **LAMBDAS | {"task_weights": [1.0, 3.0, 0.2], "label_smoothing": 0.1}
    ),
    "missing labels": ufm.SingleSource.from_labels(
        np.stack([np.arange(40) % 4, RNG.integers(-1, 4, 40)], 1), classes=(4, 4), missing=-1, **LAMBDAS
    ),
    "free bias": some_pairs(5, 15, lambda_b=0.0),
    "no bias": some_pairs(5, 15, lambda_b=None),
    "binary cross-entropy": some_pairs(5, 15, loss="binary-cross-entropy"),
    "squared error": some_pairs(5, 15, loss="squared-error", lambda_H=0.05, lambda_W=0.05),
    "mixed": some_pairs(4, 9, loss=("cross-entropy", "squared-error"), lambda_H=0.05, lambda_W=0.05),
    "label sets": ufm.MultiLabel({(0,): 5, (1, 2): 3, (0, 3): 2, (3,): 1}, classes=4, **LAMBDAS),
    "soft labels": ufm.SingleSource.from_probabilities([RNG.dirichlet(np.ones(5), 30)], **LAMBDAS),
    "several sources": ufm.MultiSource([[5, 3, 9], [4, 4]], **LAMBDAS),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_minimum_is_newton_s(name):
    problem = PROBLEMS[name]
    found, newton = ufm.solve(problem, "projection"), ufm.solve(problem)
    assert found.converged
    assert found.outcome is Outcome.CONVERGED
    assert newton.objective * (1 - 1e-12) <= found.objective <= newton.objective * (1 + 1e-6)
    certificate = verify.certify(problem, found, tolerance=2e-6)
    assert certificate.verdict == "global minimum"
    assert certificate.objective == pytest.approx(found.objective, rel=1e-12)


def minimize_heads(on: Reduced) -> torch.Tensor:
    x = torch.randn(on.form.rows * (on.dim + 1), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return quasi_newton.minimize(on, 0.1 * x, quasi_newton.History(), tolerance=1e-13, max_steps=2000).x


def form_and_heads(name: str = "unequal tasks and weights", size: float = 0.7):
    (form,) = PROBLEMS[name].standard_forms()
    on = Reduced(form, form.sufficient_dim, "cpu")
    x = size * torch.randn(form.rows * (on.dim + 1), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return form, on, x


def test_features_are_the_best_ones():
    """Column by column against SciPy's minimum of the convex problem in h itself."""
    form, on, x = form_and_heads()
    W, b = (part.numpy() for part in on.unscale(x))
    value, H = on.evaluate(x, 1e-12).value, on.features(x)
    masses = form.task_loss_weights()

    def of_a_feature(h, column):
        u = W @ h + b[:, 0]
        total, slope = (
            form.lambda_H * form.multiplicity[column] * h @ h,
            2 * form.lambda_H * form.multiplicity[column] * h,
        )
        for t, rows in enumerate(form.blocks()):
            y = form.targets[rows, column]
            p = np.exp(u[rows] - np.logaddexp.reduce(u[rows]))
            total += masses[t, column] * (np.logaddexp.reduce(u[rows]) - y @ u[rows])
            slope = slope + masses[t, column] * W[rows].T @ (p - y)
        return total, slope

    least = 0.0
    for column in range(form.columns):
        best = minimize(of_a_feature, np.zeros(on.dim), column, jac=True, method="BFGS", options={"gtol": 1e-10})
        np.testing.assert_allclose(H[:, column], best.x, atol=1e-6)
        least += best.fun
    least += form.lambda_W * form.row_weights() @ np.square(W).sum(1)
    least += form.lambda_b * form.row_weights() @ np.square(b[:, 0])
    assert value == pytest.approx(least, rel=1e-10)


@pytest.mark.parametrize("name", ["unequal tasks and weights", "missing labels", "binary cross-entropy", "mixed"])
def test_the_gradient_is_that_of_the_least_objective(name):
    form, on, x = form_and_heads(name)
    at = on.evaluate(x, 1e-13)
    v = torch.randn(len(x), dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    ends = [on.evaluate(x + t * v, 1e-13).value for t in (1e-5, -1e-5)]
    assert float(at.gradient.dot(v)) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
    plain = Objective(form, on.dim)
    on.evaluate(x, 1e-13)
    H = on.features(x)
    W, b = on.unscale(x)
    state = state_at(plain, plain.scale(W, H, b[:, 0]))
    assert at.value == pytest.approx(state.value, rel=1e-12)
    assert at.excess == pytest.approx(spectral_excess(plain, state), rel=1e-9)


@pytest.mark.parametrize("size", [0.0, 1e-8, 0.3, 3.0, 30.0])
def test_features_are_found_from_any_heads(size):
    """From a = 0, at heads so large that a whole step overshoots by far."""
    form, on, x = form_and_heads(size=size)
    W_hat, b_hat = on.split(x)
    objective = Objective(form, on.dim, bias_units=(on.e, on.rho))
    found = best_features(objective, (W_hat @ W_hat.T).matmul, b_hat, torch.zeros_like(on.a), 1e-12)
    missed = W_hat.T @ (found.a + found.G)
    assert float(missed.norm()) <= 1e-9 * (1e-300 + float((W_hat.T @ found.G).norm()))


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_polar_gap_falls_as_the_error_squared(name):
    """Heads off by ε of themselves: the plain gap is of order ε, the polar one of order ε², like F's own excess."""
    problem = PROBLEMS[name]
    (form,) = problem.standard_forms()[:1]
    on = Reduced(form, form.sufficient_dim, "cpu")
    best = minimize_heads(on)
    least = on.evaluate(best, 1e-13).value
    generator = torch.Generator().manual_seed(3)
    v = torch.randn(len(best), dtype=torch.float64, generator=generator) * best.norm() / len(best) ** 0.5
    found = []
    for size in (1e-3, 1e-4):
        at = on.evaluate(best + size * v, 1e-13)
        found.append((at.gap, polar_gap(on, best + size * v, at), at.value / least - 1.0))
    (plain, polar, above), (plain_nearer, nearer, above_nearer) = found
    assert above < polar < plain
    assert above_nearer < nearer < plain_nearer
    if name not in ("missing labels", "pairs of unequal counts"):  # where mending G' makes it too large again
        assert 50 * nearer < polar < 200 * nearer


def test_chunks_change_nothing_but_rounding(monkeypatch):
    problem = PROBLEMS["pairs of unequal counts"]
    whole = ufm.solve(problem, "projection")
    monkeypatch.setattr(reduced, "ENTRIES", 100)  # five columns
    parts = ufm.solve(problem, "projection")
    assert parts.converged
    assert parts.objective == pytest.approx(whole.objective, rel=1e-7)


def test_float32_on_the_way_is_not_in_the_result(monkeypatch):
    problem = PROBLEMS["pairs"]
    monkeypatch.setattr(reduced, "LARGE", 1)
    found = ufm.solve(problem, "projection")
    assert found.converged
    assert found.H.dtype == torch.float64
    assert found.objective == pytest.approx(ufm.solve(problem).objective, rel=1e-6)
    assert verify.certify(problem, found, tolerance=2e-6).verdict == "global minimum"


def test_lacking_directions_are_found():
    """From heads that have nothing of one task, where the gradient in them is zero."""
    (form,) = PROBLEMS["pairs"].standard_forms()
    on = Reduced(form, form.sufficient_dim, "cpu")
    W = torch.zeros(form.rows, on.dim, dtype=torch.float64)
    W[:12, :12] = torch.eye(12, dtype=torch.float64)
    x = torch.cat([W.reshape(-1), W.new_zeros(form.rows)])
    found = quasi_newton.minimize(on, x, quasi_newton.History(), tolerance=1e-6, max_steps=500)
    assert found.ended == "tolerance"
    assert found.at.value == pytest.approx(ufm.solve(PROBLEMS["pairs"]).objective, rel=1e-6)


def test_zero_is_found_where_it_is_the_minimizer():
    problem = some_pairs(4, 9, lambda_H=3.0, lambda_W=3.0)
    found = ufm.solve(problem, "projection")
    assert found.objective == pytest.approx(ufm.solve(problem).objective, rel=1e-6)


def test_below_the_sufficient_dimension_it_is_stationary_and_says_so():
    problem = PROBLEMS["pairs"]
    found = ufm.solve(problem, "projection", dim=4)
    assert found.outcome is Outcome.STATIONARY
    assert "dim=4 is less than 22" in found.status
    assert found.objective > ufm.solve(problem).objective * 1.01
    assert verify.certify(problem, found).verdict == "inconclusive"


def test_steps_that_run_out_are_told():
    found = ufm.solve(PROBLEMS["pairs"], "projection", steps=3)
    assert not found.converged
    assert found.outcome is Outcome.STEPS
    assert "raise steps=" in found.status
    assert len(found.history["loss"]) == 3


@pytest.mark.parametrize("after", [2, 30])
def test_ctrl_c_keeps_the_best_point(monkeypatch, after):
    problem, calls = PROBLEMS["pairs"], []
    evaluate = Reduced.evaluate

    def interrupted(self, *arguments, **options):
        calls.append(1)
        if len(calls) == after:
            raise KeyboardInterrupt
        return evaluate(self, *arguments, **options)

    monkeypatch.setattr(Reduced, "evaluate", interrupted)
    found = ufm.solve(problem, "projection")
    assert found.outcome is Outcome.INTERRUPTED
    assert not found.converged
    assert found.status.startswith("interrupted: the best point so far")
    assert verify.certify(problem, found).objective == pytest.approx(found.objective, rel=1e-12)


def test_ctrl_c_in_the_last_evaluation_keeps_the_point(monkeypatch):
    """That which finds the features to be returned."""
    evaluate, interrupted = Reduced.evaluate, []

    def once(self, x, tolerance=0.1, **options):
        if tolerance == column_solution.FEATURES and not interrupted:
            interrupted.append(1)
            raise KeyboardInterrupt
        return evaluate(self, x, tolerance, **options)

    monkeypatch.setattr(Reduced, "evaluate", once)
    found = ufm.solve(PROBLEMS["free bias"], "projection", steps=3)
    assert interrupted
    assert found.outcome is Outcome.INTERRUPTED
    assert verify.certify(PROBLEMS["free bias"], found).objective == pytest.approx(found.objective, rel=1e-12)


def test_what_overflows_is_infinite_and_leaves_the_start_whole():
    _, on, x = form_and_heads()
    expected = on.evaluate(x, 1e-10).value
    beyond = on.evaluate(1e160 * x, steps=2)
    assert beyond.value == beyond.gap == np.inf
    assert on.evaluate(x, 1e-10).value == pytest.approx(expected, rel=1e-12)


def test_float32_that_overflows_is_left(monkeypatch):
    monkeypatch.setattr(reduced, "LARGE", 1)
    _, on, x = form_and_heads()
    assert on.single
    found = on.evaluate(1e25 * x, steps=2)
    assert not on.single
    assert np.isfinite(found.value)


def test_float32_is_no_witness_of_its_own(monkeypatch):
    """Steps that run out in float32: the gap that is told is that of the point in float64."""
    monkeypatch.setattr(reduced, "LARGE", 1)
    problem = PROBLEMS["pairs"]
    found = ufm.solve(problem, "projection", steps=12)
    (form,) = problem.standard_forms()
    on = Reduced(form, found.H.shape[0], "cpu", torch.zeros(form.rows, form.columns, dtype=torch.float64))
    W, b = torch.cat(found.W), torch.cat(found.b)[:, None]
    at = on.evaluate(on.scale(W, b), column_solution.FEATURES)
    assert f"duality gap {at.gap:.1e}" in found.status


def test_all_targets_equal_and_a_free_bias():
    """min F = 0: an F of float64's rounding counts as 0, as for Newton."""
    problem = ufm.Regression([np.full((5, 2), 3.0)], lambda_H=0.1, lambda_W=0.1, lambda_b=0.0)
    found = ufm.solve(problem, "projection")
    assert found.converged
    assert found.objective < 1e-14


def test_nothing_to_fit():
    found = ufm.solve(ufm.Regression([np.zeros((5, 2))], lambda_H=0.1, lambda_W=0.1, lambda_b=None), "projection")
    assert found.converged
    assert found.objective == 0.0


def test_the_same_twice():
    first, second = (ufm.solve(PROBLEMS["missing labels"], "projection") for _ in range(2))
    assert torch.equal(first.H, second.H)
    assert first.history == second.history


def test_a_problem_too_large_is_refused_before_work(monkeypatch):
    monkeypatch.setattr("ufm.support.memory.available_memory", lambda device: 10_000)
    monkeypatch.setattr("ufm.support.memory.NO_MATTER", 0)
    with pytest.raises(MemoryError, match=r"projection with 24 × 40 logits needs about"):
        ufm.solve(PROBLEMS["pairs"], "projection")


def test_stages_lead_from_zero_to_the_lambdas(caplog):
    """κ falls by FACTOR; with the ends of a stage handed on, F at the λ's themselves starts below F of zero."""
    (form,) = PROBLEMS["pairs"].standard_forms()
    at_zero = Reduced(form, form.sufficient_dim, "cpu").evaluate(
        torch.zeros(form.rows * (form.sufficient_dim + 1)).double(), steps=0
    )
    with caplog.at_level(logging.INFO, logger="ufm"):
        found = ufm.solve(PROBLEMS["pairs"], "projection")
    last = found.history["loss"][-1]
    assert last < at_zero.value
    stages = np.ceil(
        np.log(column_solution.FIRST * np.sqrt(float(torch.linalg.eigvalsh(at_zero.S)[-1])))
        / np.log(column_solution.FACTOR)
    )
    assert len(found.history["loss"]) > stages
    assert any("duality gap" in record.message or "gap" in record.message for record in caplog.records)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [50, 80])
def test_long_runs_at_small_lambdas(classes):
    problem = some_pairs(classes, classes**2 // 10, lambda_H=5e-4, lambda_W=5e-4, lambda_b=5e-4)
    found = ufm.solve(problem, "projection")
    assert found.converged
    assert verify.certify(problem, found, tolerance=2e-6).verdict == "global minimum"
    assert found.objective == pytest.approx(ufm.solve(problem).objective, rel=1e-6)


def test_a_dual_point_outside_of_the_domain_is_paid_for():
    """A few entries of q far below the others would be negative, and clipping them costs more than the gap."""
    rng = np.random.default_rng(5)
    labels = np.stack(np.unravel_index(rng.choice(400, 60, replace=False), (20, 20)), 1)
    problem = ufm.SingleSource.from_labels(labels, [20, 20], lambda_H=5e-4, lambda_W=5e-4, lambda_b=0.0)
    found = ufm.solve(problem, "projection")
    assert found.converged
    assert verify.certify(problem, found, tolerance=2e-6).verdict == "global minimum"


def test_a_class_that_never_occurs_has_a_free_bias():
    problem = ufm.SingleSource.from_labels([[0], [1], [0]], [3], lambda_H=1e-3, lambda_W=1e-3, lambda_b=0.0)
    found = ufm.solve(problem, "projection")
    assert found.converged
    assert "lets the bias of class 2 of task 0 run off" in found.status
    assert found.objective == pytest.approx(ufm.solve(problem).objective, rel=2e-6)


@pytest.mark.parametrize("seed", [5, 9, 15, 26, 30, 35, 38, 48])
def test_what_it_says_of_itself_is_true(seed):
    """Free biases among them, whose slope has no penalty that says what it costs."""
    problem = draw_any_loss(seed)
    found = ufm.solve(problem, "projection", steps=200)
    if found.converged:
        assert found.objective <= ufm.solve(problem).objective * (1 + 1e-6)
        assert verify.certify(problem, found, tolerance=2e-5).verdict == "global minimum"
    else:
        assert found.status.count("did not reach tolerance")
