"""The outside reference: agreement with newton, refusals, and that it is optional."""

import forked
import numpy as np
import pytest
import torch
from drawn_problems import drawn

import verify
from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve
from ufm.solvers.convex import duality_residual
from ufm.solvers.newton import solve_newton
from ufm.solvers.newton.balanced_factors import straight_step
from ufm.solvers.newton.trust_region import state_at
from ufm.solvers.objective import Objective

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.1}
PROBLEMS = {
    "single": SingleSource([[4, 0, 9], [2, 7, 1]], task_weights=(0.5, 2.0), **LAMBDAS),
    "multi": MultiSource([[4, 9], [2, 0, 1]], task_weights=(0.5, 2.0), **LAMBDAS),
    "mean": SingleSource([[4, 0], [2, 7]], reduction="mean", lambda_H=1e-3, lambda_W=5e-3, lambda_b=1e-2),
    "smoothed": SingleSource([3, 5, 2], label_smoothing=0.1, **LAMBDAS),
    "collapsed": SingleSource([3, 2], lambda_H=5, lambda_W=5, lambda_b=0.1),
    "minority collapse": SingleSource.correlated(2, n_same=38, n_different=2, lambda_H=1.2, lambda_W=1.2, lambda_b=0.3),
    "one column": SingleSource([[3, 0], [0, 0]], **LAMBDAS),
}
# relative accuracy of the objective that each solver's default tolerances reach on problems this small
ACCURACY = {"CLARABEL": 1e-6, "SCS": 2e-3}


def convex(problem, solver="CLARABEL", **arguments):
    pytest.importorskip("cvxpy")
    return solve(problem, method="convex", solver=solver, **arguments)


@pytest.mark.parametrize("solver", ACCURACY)
@pytest.mark.parametrize("name", PROBLEMS)
def test_agrees_with_newton(name, solver):
    problem, rel = PROBLEMS[name], ACCURACY[solver]
    reference, newton = convex(problem, solver), solve(problem)
    assert reference.objective == pytest.approx(newton.objective, rel=rel)
    assert reference.objective >= newton.objective * (1 - 1e-12)
    assert solver in reference.status
    assert [w.shape for w in reference.W] == [w.shape for w in newton.W]
    assert verify.certify(problem, reference).objective == pytest.approx(reference.objective, rel=1e-13)


def agrees(seed):
    """To 1e-6, and newton is never above: the reference is at a point too."""
    problem = drawn(seed)
    newton = solve(problem)
    assert newton.converged, (seed, newton.status)
    reference = convex(problem)
    assert reference.objective == pytest.approx(newton.objective, rel=1e-6), (seed, reference.status)
    assert reference.objective >= newton.objective * (1 - 1e-11), seed
    assert problem.lambda_b is not None or not any(b.any() for b in (*newton.b, *reference.b))
    return problem


def test_agrees_on_drawn_problems_of_any_loss_bias_and_target():
    met = [agrees(seed) for seed in range(24)]
    assert {problem.source for problem in met} == {"single", "multi", "multilabel", "soft", "regression"}
    assert len({problem.loss for problem in met}) > 8  # mixed ones too
    assert {problem.lambda_b for problem in met} > {0.0, None}
    assert any(1 in problem.classes for problem in met)
    assert any(problem.source == "single" and problem.labels.min() < 0 for problem in met)


@pytest.mark.slow
def test_agrees_on_many_drawn_problems():
    for seed in range(24, 440):
        agrees(seed)


def test_a_minimum_of_zero_is_told():
    """Equal targets and a free bias: no error is relative to the minimum."""
    solution = convex(Regression(np.full((3, 2), 2.0), lambda_H=0.1, lambda_W=0.1, lambda_b=0))
    assert solution.converged, solution.status
    assert solution.objective <= 1e-12
    np.testing.assert_allclose(solution.b[0], 2.0, rtol=1e-6)


def test_finds_the_same_logits_and_heads():
    problem = PROBLEMS["single"]
    one, two = convex(problem), solve(problem)
    for t in range(2):
        logits = [(s.W[t] @ s.H + s.b[t][:, None]).numpy() for s in (one, two)]
        np.testing.assert_allclose(*logits, atol=1e-3)
        np.testing.assert_allclose(*[(s.W[t] @ s.W[t].T).numpy() for s in (one, two)], atol=1e-3)


def test_wide_and_narrow_dimensions():
    problem = PROBLEMS["single"]
    assert convex(problem, dim=7).objective == pytest.approx(convex(problem).objective, rel=1e-9)
    with pytest.raises(ValueError, match=r"dim=2 is less than 3.*method='newton'"):
        convex(problem, dim=2)


def test_tolerance_reaches_the_solver():
    problem = PROBLEMS["single"]
    best = solve(problem).objective
    errors = [convex(problem, "SCS", tolerance=tolerance).objective - best for tolerance in (1e-2, 1e-7)]
    assert errors[1] < 1e-2 * errors[0]


@pytest.mark.parametrize("status", ["infeasible", "unbounded", "user_limit", None])
def test_anything_but_an_optimum_is_an_error(monkeypatch, status):
    cvxpy = pytest.importorskip("cvxpy")
    monkeypatch.setattr(cvxpy.Problem, "status", property(lambda self: status))
    with pytest.raises(RuntimeError, match=f"status {status!r}.*try the other"):
        convex(PROBLEMS["smoothed"])


def test_a_solver_that_breaks_is_an_error(monkeypatch):
    cvxpy = pytest.importorskip("cvxpy")

    def broken(self, *_, **__):
        raise cvxpy.SolverError("numerical trouble")

    monkeypatch.setattr(cvxpy.Problem, "solve", broken)
    with pytest.raises(RuntimeError, match=r"CLARABEL failed .numerical trouble.*try the other"):
        convex(PROBLEMS["smoothed"])


def test_inaccurate_is_told(monkeypatch):
    cvxpy = pytest.importorskip("cvxpy")
    monkeypatch.setattr(cvxpy.Problem, "status", property(lambda self: cvxpy.OPTIMAL_INACCURATE))
    solution = convex(PROBLEMS["smoothed"])
    assert solution.converged is False
    assert "certificate" in solution.status


def test_too_large_is_refused_before_it_is_begun():
    pytest.importorskip("cvxpy")
    with pytest.raises(MemoryError, match=r"cone program of side R \+ m = .*GiB"):
        convex(SingleSource.balanced((30, 30), 1, **LAMBDAS))


def test_import_and_newton_leave_optional_packages_alone():
    code = """
import sys, ufm
ufm.solve(ufm.SingleSource([1, 2], lambda_H=.05, lambda_W=.05, lambda_b=.05))
print([name for name in ("cvxpy", "matplotlib", "sklearn", "scs", "clarabel") if name in sys.modules])
"""
    assert forked.run(code).strip() == "[]"


def test_absence_of_cvxpy_names_the_extra():
    code = """
import sys
sys.modules["cvxpy"] = None
import ufm
problem = ufm.SingleSource([1, 2], lambda_H=.05, lambda_W=.05, lambda_b=.05)
try:
    ufm.solve(problem, method="convex")
except ModuleNotFoundError as error:
    print(error, ufm.solve(problem).converged)
"""
    assert forked.run(code).strip() == "method='convex' needs cvxpy: pip install 'ufm-toolkit[convex]' True"


FAR_FROM_UNITS = {
    "thousands of samples": SingleSource.balanced((2, 2), 5000, **dict.fromkeys(LAMBDAS, 5e-4)),
    "label sets, small λ": MultiLabel(
        {(0,): 10, (1,): 522, (2,): 8, (1, 2): 521, (2, 4): 5, (0, 1, 3, 4): 867},
        classes=5,
        **dict.fromkeys(LAMBDAS, 5e-4),
    ),
    "λ 1e-8": SingleSource([0, 0, 2, 3, 1], **dict.fromkeys(LAMBDAS, 1e-8)),
    "λ 1e-10": SingleSource([0, 0, 2, 3, 1], **dict.fromkeys(LAMBDAS, 1e-10)),
    "mean, small λ": SingleSource([500] * 10, reduction="mean", **dict.fromkeys(LAMBDAS, 1e-7)),
}


@pytest.mark.parametrize(
    ("name", "solver", "near"),
    [
        ("λ 1e-10", "CLARABEL", None),  # beyond it: said, not hidden
        ("mean, small λ", "CLARABEL", 1e-4),
        pytest.param("thousands of samples", "CLARABEL", 1e-4, marks=pytest.mark.slow),
        # in plain units it stops at 160 times the minimum
        pytest.param("thousands of samples", "SCS", 1e-4, marks=pytest.mark.slow),
    ],
)
def test_converged_is_near_the_minimum_whatever_the_units(name, solver, near):
    problem = FAR_FROM_UNITS[name]
    reference, least = convex(problem, solver), solve(problem).objective
    assert not reference.converged or reference.objective <= least * (1 + 1e-4)
    assert reference.converged or "not a minimum" in reference.status or "inaccurate" in reference.status
    assert near is None or reference.objective == pytest.approx(least, rel=near)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize("name", [*PROBLEMS, *FAR_FROM_UNITS])
def test_duality_residual_bounds_the_distance_to_the_minimum(name, seed):
    """At balanced points anywhere, and next to the minimum: it may be pessimistic, never much too small."""
    for form in (PROBLEMS | FAR_FROM_UNITS)[name].standard_forms():
        dim = min(form.sufficient_dim, form.columns)
        objective = Objective(form, dim)
        least = solve_newton(form, dim=dim)
        minimum = objective.scale(least.W, least.H, least.b)
        assert duality_residual(objective, state_at(objective, minimum)) <= 1e-6
        noise = torch.randn(len(minimum), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        for size in (1e-3, 0.1, 1.0):
            x = straight_step(objective, minimum + size * noise * float(minimum.norm() / noise.norm()), 0.0 * noise)
            state = state_at(objective, x)
            assert duality_residual(objective, state) >= 0.5 * (state.value - least.objective) / state.value - 1e-9
