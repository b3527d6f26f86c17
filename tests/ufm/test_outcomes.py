"""Why a solver stopped is a value of ``ufm.Outcome``; no caller reads it from the sentence."""

from __future__ import annotations

import dataclasses
import re
import signal
from pathlib import Path

import cvxpy
import pytest
import torch

import ufm
import verify
from ufm import Outcome
from ufm.outcome import worst
from ufm.solvers.gradient import minimize
from ufm.solvers.newton import column_solution as newton
from ufm.solvers.objective import Objective
from verify.main_job.case import run_case
from verify.solved import solved

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.1}
PROBLEM = ufm.SingleSource([[4, 0, 9], [2, 7, 1]], **LAMBDAS)
TASKS = ufm.MultiSource([[4, 9], [2, 7, 1]], **LAMBDAS)


def zero_start(monkeypatch):
    monkeypatch.setattr(newton, "random_start", lambda objective, *_: torch.zeros(objective.variables).double())


def test_newton_reaches_its_tolerance_or_rounding():
    assert ufm.solve(PROBLEM).outcome is Outcome.CONVERGED
    unreachable = ufm.solve(PROBLEM, tolerance=1e-30)
    assert (unreachable.outcome, unreachable.converged) == (Outcome.ROUNDING, True)


def test_newton_s_steps_run_out():
    solution = ufm.solve(PROBLEM, steps=2)
    assert (solution.outcome, solution.converged) == (Outcome.STEPS, False)


def test_steps_that_run_out_near_the_minimum_make_it_no_saddle():
    """A gradient of rounding's size, short of the tolerance, with σ ≤ τ: nothing says that it is no minimum."""
    needed = len(ufm.solve(PROBLEM).history["loss"])
    for steps in range(1, needed):
        solution = ufm.solve(PROBLEM, steps=steps)
        if not solution.converged:
            assert solution.outcome is Outcome.STEPS
            assert "not a global minimum" not in solution.status


def test_zero_is_stationary(monkeypatch):
    zero_start(monkeypatch)
    below = ufm.solve(ufm.SingleSource.balanced((3, 3), 5, **LAMBDAS))
    assert (below.outcome, below.converged) == (Outcome.STATIONARY, False)
    above = ufm.solve(ufm.SingleSource.balanced((3, 3), 5, lambda_H=9, lambda_W=9, lambda_b=0.1))
    assert (above.outcome, above.converged) == (Outcome.CONVERGED, True)


def test_a_narrow_feature_space_shows_no_minimum():
    narrow = ufm.solve(PROBLEM, dim=1)
    assert (narrow.outcome, narrow.converged) == (Outcome.STATIONARY, True)


def interrupt_newton(monkeypatch, at_call):
    real, made = Objective.hessian_vector, []

    def interrupted(self, at, v):
        made.append(1)
        if len(made) == at_call:
            raise KeyboardInterrupt
        return real(self, at, v)

    monkeypatch.setattr(Objective, "hessian_vector", interrupted)


@pytest.mark.parametrize("problem", [PROBLEM, TASKS], ids=["single", "multi"])
def test_an_interrupted_solve_is_no_optimum_to_anyone(problem, monkeypatch):
    interrupt_newton(monkeypatch, 5)
    solution = ufm.solve(problem)
    assert solution.outcome is Outcome.INTERRUPTED
    with pytest.raises(ValueError, match=r"outcome=.*interrupted.*solve again"):
        verify.compare(problem, dataclasses.replace(solution, status="converged"))
    assert verify.certify(problem, solution).objective > 0  # as any point
    for work in (lambda: solved(problem), lambda: run_case("a case", problem)):
        monkeypatch.undo()
        interrupt_newton(monkeypatch, 5)
        with pytest.raises(KeyboardInterrupt):
            work()


def test_sentences_decide_nothing(monkeypatch):
    said = dataclasses.replace(ufm.solve(PROBLEM), status="interrupted: the best point so far")
    monkeypatch.setattr(ufm, "solve", lambda *_, **__: said)
    assert solved(PROBLEM) is said
    assert run_case("a case", PROBLEM).report.passed


def test_no_code_looks_for_words_in_a_status():
    words = re.compile(
        r"\bin \w*\.?status\b|status\.(startswith|endswith|find|split|lower)|status\[|re\.\w+\([^)]*\.status"
    )
    root, packages = Path(ufm.__file__).parents[1], ("ufm", "theory", "verify", "networks", "ufm_networks")
    sources = [path for package in packages for path in (root / package).rglob("*.py")]
    assert len(sources) > 200
    assert [str(path) for path in sources if words.search(path.read_text(encoding="utf-8"))] == []


def test_gradient():
    outcomes = {}
    for steps in (3, 5000):
        solution = ufm.solve(PROBLEM, "gradient", steps=steps)
        outcomes[steps] = (solution.outcome, solution.converged)
    assert outcomes == {3: (Outcome.STEPS, False), 5000: (Outcome.CONVERGED, True)}
    tight = ufm.solve(PROBLEM, "gradient", tolerance=1e-30)
    assert tight.outcome is Outcome.ROUNDING
    wild = ufm.solve(PROBLEM, "gradient", learning_rate=50.0)
    assert (wild.outcome, wild.converged) == (Outcome.DIVERGED, False)


def test_ctrl_c_at_the_tolerance_is_told():
    """The point is a minimum to the tolerance, and whoever goes on to other work must still learn of Ctrl-C."""

    def interrupting(at):
        signal.raise_signal(signal.SIGINT)
        return {}

    (form,) = PROBLEM.standard_forms()
    result = minimize(form, PROBLEM.counts, dim=3, tolerance=1e3, metrics=interrupting, log_every=1)
    assert (result.outcome, result.converged) == (Outcome.INTERRUPTED, True)


@pytest.mark.parametrize(
    ("status", "outcome"), [("optimal", Outcome.CONVERGED), ("optimal_inaccurate", Outcome.ROUNDING)]
)
def test_convex(monkeypatch, status, outcome):
    monkeypatch.setattr(cvxpy.Problem, "status", property(lambda self: status))
    solution = ufm.solve(ufm.SingleSource([3, 2], **LAMBDAS), "convex")
    assert (solution.outcome, solution.converged) == (outcome, outcome is Outcome.CONVERGED)


def test_of_several_tasks_the_worst():
    assert worst([Outcome.CONVERGED, Outcome.ROUNDING]) is Outcome.ROUNDING
    assert worst([Outcome.INTERRUPTED, Outcome.CONVERGED]) is Outcome.INTERRUPTED
    assert ufm.solve(TASKS).outcome is Outcome.CONVERGED


def test_a_file_of_unknown_outcome_is_refused(tmp_path, monkeypatch):
    solution = dataclasses.replace(ufm.solve(PROBLEM), outcome="done")
    solution.save(tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="'done' is not a valid Outcome"):
        ufm.load(tmp_path / "a.safetensors")
