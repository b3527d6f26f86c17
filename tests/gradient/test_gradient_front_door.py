"""method="gradient" through the front door: accuracy with nothing tuned, resume after SIGKILL, Ctrl-C, bad input."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import forked
import numpy as np
import pytest
import torch

import ufm
import verify
from ufm.solvers.gradient.line_momentum import LineMomentum
from ufm.solvers.gradient.minimize import build
from ufm.solvers.gradient.samples import expand
from ufm.solvers.gradient.settings import settled

PROMISED = 1e-6  # relative error of the objective with every default


def equal(value: float) -> dict[str, float]:
    return {"lambda_H": value, "lambda_W": value, "lambda_b": value}


LONG_TAIL = np.round(500 * 0.01 ** (np.arange(10) / 9)).astype(int)
PROBLEMS = {
    "balanced": ufm.SingleSource.balanced((10, 10), 10, **equal(0.05)),
    "balanced, mean": ufm.SingleSource.balanced((5, 5), 20, reduction="mean", **equal(1e-4)),
    "correlated": ufm.SingleSource.correlated(5, n_same=30, n_different=10, **equal(0.05)),
    "long tail, paper λ": ufm.MultiSource([LONG_TAIL, [4, 5, 6]], **equal(5e-4)),
    "weighted, unequal tasks": ufm.SingleSource.balanced((4, 6), 10, task_weights=(1.5, 1), **equal(5e-4)),
    "three binary tasks": ufm.SingleSource.balanced((2, 2, 2), 50, **equal(0.05)),
    "missing tuples": ufm.SingleSource([[20, 0, 3], [0, 5, 0], [1, 0, 9]], **equal(0.01)),
    "all collapsed": ufm.SingleSource.balanced((3, 3), 10, **equal(3.0)),
    "one task collapsed": ufm.SingleSource.balanced((3, 4), 4, task_weights=(0.1, 5), **equal(1.0)),
    "at a threshold": ufm.SingleSource.correlated(2, n_same=100, n_different=4, **equal(2**0.5)),
    "smoothed": ufm.SingleSource.balanced((5,), 40, label_smoothing=0.1, **equal(0.01)),
    "one sample": ufm.SingleSource([[1, 0], [0, 0]], **equal(0.05)),
    "unequal λ": ufm.SingleSource.balanced((5, 5), 20, lambda_H=1e-4, lambda_W=1.0, lambda_b=0.1),
}


WAYS = [(optimizer, dtype) for dtype in ("float64", "float32") for optimizer in ("momentum", "lbfgs", "adam")]


@pytest.mark.parametrize(
    ("name", "optimizer", "dtype"),
    [
        # by default the default optimizer everywhere, and the other five ways in turn
        pytest.param(name, *way, marks=() if way in (WAYS[0], WAYS[1 + i % 5]) else pytest.mark.slow)
        for i, name in enumerate(PROBLEMS)
        for way in WAYS
    ],
)
def test_defaults_need_no_tuning(name: str, optimizer: str, dtype: str) -> None:
    problem = PROBLEMS[name]
    least = ufm.solve(problem).objective
    solution = ufm.solve(problem, "gradient", optimizer=optimizer, dtype=dtype)
    assert -1e-13 <= solution.objective / least - 1 <= PROMISED
    assert solution.converged, solution.status
    assert verify.certify(problem, solution).objective == pytest.approx(solution.objective, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["momentum", "lbfgs", "adam"])
@pytest.mark.parametrize("value", [0.05, 5e-4])
def test_ten_thousand_samples(optimizer: str, value: float) -> None:
    problem = ufm.SingleSource.balanced((10, 10), 100, **equal(value))
    solution = ufm.solve(problem, "gradient", optimizer=optimizer)
    assert solution.objective / ufm.solve(problem).objective - 1 <= PROMISED


def test_every_sample_has_a_feature_of_its_own() -> None:
    problem = PROBLEMS["missing tuples"]
    solution = ufm.solve(problem, "gradient")
    assert solution.H.shape == (4, problem.samples)
    assert np.all(solution.counts == 1)
    again = ufm.SingleSource.from_labels(solution.labels, problem.classes, **equal(0.01))
    np.testing.assert_array_equal(again.count_tensor(), problem.count_tensor())
    start = ufm.solve(problem, "gradient", steps=1)
    assert verify.metrics(problem, start)["SNC1"] > 1e-6 > 1e-8 > verify.metrics(problem, solution)["SNC1"]


def literal_objective(problem: ufm.SingleSource, W: list, H: torch.Tensor, b: list, labels: np.ndarray) -> torch.Tensor:
    """Problem (3) as it is written, for autograd."""
    total = problem.lambda_H * H.square().sum()
    for t, c in enumerate(problem.task_weights):
        y = torch.as_tensor(labels[:, t])
        total = total + c * torch.nn.functional.cross_entropy((W[t] @ H).T + b[t], y, reduction="sum")
        total = total + c * (problem.lambda_W * W[t].square().sum() + problem.lambda_b * b[t].square().sum())
    return total


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_learning_rate_is_sgd_on_autograd(momentum: float) -> None:
    counts = np.array([[3, 0, 2], [1, 4, 0]])
    problem = ufm.SingleSource(counts, task_weights=(1.5, 0.7), lambda_H=0.03, lambda_W=0.02, lambda_b=0.01)
    rate, steps = 0.01, 25

    # the solver's own start, in plain tensors
    (form,) = problem.standard_forms()
    settings = settled(ufm.Gradient(learning_rate=rate, momentum=momentum), dim=4)
    method = build(expand(form, problem.counts, settings.device, settings.dtype), settings)
    order = torch.as_tensor(method.objective.samples.row_order)
    heads, bias = torch.empty_like(method.point.heads), torch.empty_like(method.point.bias)
    heads[order], bias[order] = method.point.heads, method.point.bias
    W = [w.clone().requires_grad_() for w in heads.split([2, 3])]
    b = [v.clone().requires_grad_() for v in bias.split([2, 3])]
    H = method.point.features.T.clone().requires_grad_()
    labels = np.repeat(problem.labels, problem.counts, axis=0)
    optimizer = torch.optim.SGD([*W, *b, H], lr=rate, momentum=momentum)
    for _ in range(steps):
        optimizer.zero_grad()
        literal_objective(problem, W, H, b, labels).backward()
        optimizer.step()
    solution = ufm.solve(
        problem, "gradient", dim=4, steps=steps, learning_rate=rate, momentum=momentum, tolerance=1e-300
    )
    np.testing.assert_array_equal(solution.labels, labels)
    for ours, theirs in zip([*solution.W, *solution.b, solution.H], [*W, *b, H], strict=True):
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-10, atol=1e-12)
    assert solution.objective == pytest.approx(literal_objective(problem, W, H, b, labels).item(), rel=1e-12)


def test_same_seed_same_bits_and_another_start_same_minimum() -> None:
    problem = PROBLEMS["correlated"]
    one, two, other = (ufm.solve(problem, "gradient", seed=seed) for seed in (3, 3, 4))
    assert torch.equal(one.H, two.H)
    assert not torch.equal(one.H, other.H)
    assert one.objective == pytest.approx(other.objective, rel=1e-8)


def test_history_and_multi_source() -> None:
    problem = PROBLEMS["long tail, paper λ"]
    solution = ufm.solve(problem, "gradient", log_every=3, metrics=verify.tracked(problem))
    assert len(solution.history) == 2
    for history in solution.history:
        assert {"step", "loss", "gradient_norm", "MNC1", "MNC2_1", "MNC2_2", "MNC3"} <= set(history)
        assert len({len(values) for values in history.values()}) == 1
        assert history["loss"][-1] < history["loss"][0]


def test_metrics_agree_with_verify() -> None:
    problem = PROBLEMS["weighted, unequal tasks"]
    measured = ("SNC1", "SNC2_1", "SNC2_2", "SNC3", "SNC3_max", "SNC4")
    for names, kept in (((), measured), (("SNC5", "SNC3"), ("SNC5", "SNC3"))):
        solution = ufm.solve(problem, "gradient", steps=4, metrics=verify.tracked(problem, *names))
        assert tuple(solution.history)[3:] == kept
        table = verify.metrics(problem, solution)
        for name in kept:
            assert solution.history[name][-1] == pytest.approx(table[name], rel=1e-9, abs=1e-12), name
    with pytest.raises(ValueError, match=r"'SNC9'"):
        verify.tracked(problem, "SNC9")


def test_each_task_s_metrics_average_to_the_table() -> None:
    problem = PROBLEMS["long tail, paper λ"]
    names = ("MNC1", "MNC2_2", "MNC4")
    solution = ufm.solve(problem, "gradient", steps=4, metrics=verify.tracked(problem, *names))
    table = verify.metrics(problem, solution)
    for name in names:
        tasks = [history[name][-1] for history in solution.history]
        assert np.mean(tasks) == pytest.approx(table[name], rel=1e-9), name


def test_a_callback_sees_the_point_with_its_labels() -> None:
    """Each column's label is the solution's, task by task; a callback that is none is refused."""
    problem, seen = PROBLEMS["long tail, paper λ"], []
    solution = ufm.solve(problem, "gradient", steps=3, log_every=3, metrics=lambda at: seen.append(at) or {})
    for task, at in ((0, seen[1]), (1, seen[3])):
        assert at.task == task
        np.testing.assert_array_equal(at.labels, solution.labels[task])
        assert torch.equal(at.H, solution.H[task])
        assert torch.equal(at.W[0], solution.W[task])
        assert torch.equal(at.b[0], solution.b[task])
        assert at.task_weights.tolist() == [problem.task_weights[task]]
    with pytest.raises(TypeError, match=r"metrics must be a function of a ufm\.RunPoint.* got 'SNC1'"):
        ufm.solve(problem, "gradient", metrics="SNC1")  # type: ignore[call-overload]


RUN = """
import sys, ufm
problem = ufm.SingleSource.balanced((8, 8), 60, lambda_H=5e-4, lambda_W=5e-4, lambda_b=5e-4)
solution = ufm.solve(
    problem, "gradient", optimizer=sys.argv[2], dim=40, checkpoint=sys.argv[1], checkpoint_every=10, tolerance=1e-9,
    steps=60,
)
"""


@pytest.mark.parametrize(
    "optimizer",  # the others are killed in test_gradient_checkpoint.py too
    [pytest.param("momentum", marks=pytest.mark.slow), "lbfgs", pytest.param("adam", marks=pytest.mark.slow)],
)
def test_killed_and_resumed_ends_at_the_same_objective(
    tmp_path: Path, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def objective(checkpoint: Path) -> float:
        """Of the same program, run to its end in this process."""
        monkeypatch.setattr(sys, "argv", ["", str(checkpoint), optimizer])
        names: dict[str, Any] = {}
        exec(RUN, names)
        return float(names["solution"].objective)

    path = tmp_path / "killed.safetensors"
    killed = forked.Program(RUN, path, optimizer)
    deadline = time.monotonic() + 600
    while not path.exists() and not killed.ended() and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    assert killed.result().returncode == -signal.SIGKILL
    assert path.exists()
    assert objective(path) == objective(tmp_path / "whole.safetensors")


def test_a_checkpoint_of_another_problem_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    problem = PROBLEMS["correlated"]
    ufm.solve(problem, "gradient", steps=3, checkpoint=path)
    other = ufm.SingleSource.correlated(5, n_same=30, n_different=11, **equal(0.05))
    kept = path.read_bytes()
    with pytest.raises(ValueError, match=r"run\.safetensors"):
        ufm.solve(other, "gradient", steps=3, checkpoint=path)
    with pytest.raises(ValueError, match=r"run\.safetensors"):
        ufm.solve(problem, "gradient", steps=3, checkpoint=path, seed=1)
    assert path.read_bytes() == kept
    for damaged in (kept[: len(kept) // 2], b"", b"not a checkpoint at all"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"run\.safetensors"):
            ufm.solve(problem, "gradient", steps=3, checkpoint=path)
        assert path.read_bytes() == damaged


def test_ctrl_c_keeps_what_was_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    problem = PROBLEMS["balanced"]
    step, calls = LineMomentum.step, [0]

    def step_then_interrupt(self: LineMomentum) -> bool:
        calls[0] += 1
        if calls[0] == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self)

    monkeypatch.setattr(LineMomentum, "step", step_then_interrupt)
    path = tmp_path / "run.safetensors"
    solution = ufm.solve(problem, "gradient", checkpoint=path)
    assert not solution.converged
    assert "interrupted" in solution.status
    assert verify.certify(problem, solution).objective == pytest.approx(solution.objective, rel=1e-9)
    assert solution.objective < ufm.solve(problem, "gradient", steps=2).objective
    monkeypatch.undo()
    resumed = ufm.solve(problem, "gradient", checkpoint=path)
    assert resumed.converged
    assert resumed.objective == ufm.solve(problem, "gradient").objective
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_ends_all_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = ufm.MultiSource.balanced((3, 4, 5), 20, **equal(0.01))
    step, calls = LineMomentum.step, [0]

    def step_then_interrupt(self: LineMomentum) -> bool:
        calls[0] += 1
        if calls[0] == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self)

    monkeypatch.setattr(LineMomentum, "step", step_then_interrupt)
    solution = ufm.solve(problem, "gradient")
    assert calls[0] <= 3 + 2
    assert not solution.converged
    assert len(solution.H) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "sgd"}, "optimizer"),
        ({"steps": 0}, "steps"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"momentum": 1.0}, "momentum"),
        ({"dtype": "float16"}, "dtype"),
        ({"device": "nowhere"}, "device"),
        ({"tolerance": 0}, "tolerance"),
        ({"log_every": 0}, "log_every"),
        ({"checkpoint": "/nonexistent/folder/run"}, "checkpoint"),
        ({"nonsense": 1}, "nonsense"),
        ({"optimizer": "lbfgs", "learning_rate": 0.1}, "learning_rate"),
    ],
)
def test_bad_input_names_the_field(options: dict, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        ufm.solve(PROBLEMS["one sample"], "gradient", **options)


def test_too_large_a_problem_is_refused_before_any_work() -> None:
    problem = ufm.SingleSource.balanced((10, 10), 10**7, **equal(0.05))
    with pytest.raises(MemoryError, match="GiB"):
        ufm.solve(problem, "gradient", dim=4096)
