import signal
import threading

import numpy as np
import pytest
import torch
from gradient_problems import written_out
from interrupted_run import PROBLEM

from ufm import Outcome
from ufm.solvers.gradient import minimize
from ufm.solvers.gradient import objective as objective_module
from ufm.solvers.gradient.objective import Objective
from ufm.support.interrupt import Interrupt

METHODS = [{}, {"optimizer": "lbfgs"}, {"optimizer": "adam"}, {"learning_rate": 0.003}]


def interrupting(at_call):
    """Metrics during whose n-th call Ctrl-C arrives."""
    calls = []

    def measure(at):
        calls.append(at)
        if len(calls) == at_call:
            signal.raise_signal(signal.SIGINT)
        return {}

    return measure


@pytest.mark.parametrize("options", METHODS)
def test_ctrl_c_keeps_what_was_reached(options):
    (form,) = PROBLEM.standard_forms()
    handler = signal.getsignal(signal.SIGINT)
    result = minimize(form, PROBLEM.counts, dim=5, log_every=2, metrics=interrupting(4), tolerance=1e-12, **options)
    assert signal.getsignal(signal.SIGINT) is handler
    assert result.outcome is Outcome.INTERRUPTED
    assert not result.converged
    assert result.steps == 6
    assert "interrupted" in result.status
    assert "checkpoint=" in result.status
    value = written_out(form, PROBLEM.counts, result.W, result.H, result.b)
    assert result.objective == pytest.approx(float(value), rel=1e-12)
    assert result.objective == pytest.approx(result.history["loss"][-1], rel=1e-12)


@pytest.mark.parametrize("options", METHODS)
def test_ctrl_c_within_a_step_waits_for_its_end(options, monkeypatch):
    """It arrives between two chunks; the point is one that the uninterrupted run passes through."""
    monkeypatch.setattr(objective_module, "CPU_CHUNK", 20_000)
    (form,) = PROBLEM.standard_forms()
    run = {"dim": 5, "tolerance": 1e-12, "log_every": 10_000, "steps": 1500, **options}
    residual, calls = Objective.residual, []

    def interrupted_residual(*arguments):
        calls.append(1)
        if len(calls) == 100:
            signal.raise_signal(signal.SIGINT)
        return residual(*arguments)

    monkeypatch.setattr(Objective, "residual", interrupted_residual)
    result = minimize(form, PROBLEM.counts, **run)
    monkeypatch.undo()
    monkeypatch.setattr(objective_module, "CPU_CHUNK", 20_000)
    assert result.outcome is Outcome.INTERRUPTED
    assert 0 < result.steps < 100
    if options.get("optimizer") == "adam":
        return  # its schedule knows the number of steps
    whole = minimize(form, PROBLEM.counts, **{**run, "steps": result.steps})
    assert torch.equal(result.H, whole.H)
    assert torch.equal(result.W, whole.W)


def test_ctrl_c_saves_and_resumes(tmp_path):
    (form,) = PROBLEM.standard_forms()
    path = tmp_path / "run.safetensors"
    run = {"dim": 5, "log_every": 2, "steps": 40, "tolerance": 1e-12}
    first = minimize(form, PROBLEM.counts, metrics=interrupting(4), checkpoint=path, **run)
    assert first.outcome is Outcome.INTERRUPTED
    assert "saved" in first.status
    resumed = minimize(form, PROBLEM.counts, metrics=lambda at: {}, checkpoint=path, **run)
    whole = minimize(form, PROBLEM.counts, metrics=lambda at: {}, **run)
    assert torch.equal(resumed.H, whole.H)
    assert resumed.history == whole.history


def test_a_second_ctrl_c_raises():
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.pending
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not interrupt.pending
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_may_run_it():
    (form,) = PROBLEM.standard_forms()
    results = []
    thread = threading.Thread(target=lambda: results.append(minimize(form, PROBLEM.counts, dim=3, steps=3)))
    thread.start()
    thread.join()
    assert results[0].steps == 3
    assert np.isfinite(results[0].objective)


def test_an_error_in_metrics_restores_the_handler():
    (form,) = PROBLEM.standard_forms()
    handler = signal.getsignal(signal.SIGINT)

    def broken(at):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        minimize(form, PROBLEM.counts, dim=3, metrics=broken)
    assert signal.getsignal(signal.SIGINT) is handler
