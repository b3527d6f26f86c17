import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from gradient_problems import first_form, lambdas
from interrupted_run import PROBLEM, run
from safetensors.torch import save_file

from ufm import SingleSource, tensor_file
from ufm.solvers.gradient import checkpoint as checkpoint_module
from ufm.solvers.gradient import minimize

HERE = Path(__file__).parent
METHODS = {
    "momentum": {"steps": 200},
    "lbfgs": {"optimizer": "lbfgs", "steps": 150},
    "adam": {"optimizer": "adam", "steps": 500},
    "fixed": {"learning_rate": 0.003, "steps": 800},
}


def start(checkpoint, result, options):
    """The run of interrupted_run.py as a process that imports what this one does."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, str(HERE / "interrupted_run.py"), str(checkpoint), str(result), json.dumps(options)]
    return subprocess.Popen(command, env=environment)


@pytest.mark.parametrize("name", METHODS)
def test_killed_run_resumes_to_the_same_bits(name, tmp_path):
    options = {**METHODS[name], "checkpoint_every": 1, "log_every": 50}
    checkpoint, result = tmp_path / "run.safetensors", tmp_path / "result.npz"
    process = start(checkpoint, result, options)
    deadline = time.monotonic() + 600
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=600)
    assert process.returncode == -signal.SIGKILL
    assert not result.exists()
    assert checkpoint.exists()
    with torch.random.fork_rng():
        resumed = run(checkpoint, options)
        whole = run(None, options)
    assert torch.equal(resumed.W, whole.W)
    assert torch.equal(resumed.H, whole.H)
    assert torch.equal(resumed.b, whole.b)
    assert resumed.objective == whole.objective
    assert resumed.history == whole.history
    assert resumed.status == whole.status


def stopped(path, options=None, **changes):
    """A short run with a checkpoint at ``path``."""
    form, counts = first_form(PROBLEM)
    return minimize(form, counts, **{"dim": 5, "steps": 10, "checkpoint": path, **(options or {}), **changes})


@pytest.mark.parametrize("options", [{}, {"optimizer": "lbfgs"}, {"learning_rate": 0.003}])
def test_more_steps_go_on_where_fewer_ended(options, tmp_path):
    path = tmp_path / "run.safetensors"
    stopped(path, options)
    longer = stopped(path, options, steps=25)
    whole = stopped(None, options, steps=25)
    assert longer.steps == 25
    assert torch.equal(longer.H, whole.H)
    again = stopped(path, options, steps=25)
    assert torch.equal(again.H, whole.H)
    assert again.status == longer.status


def test_checkpoints_are_written_on_the_way_and_at_the_end(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(checkpoint_module, "save", lambda path, fingerprint, at, tensors: written.append(at.step))
    stopped(tmp_path / "run.safetensors", checkpoint_every=4)
    assert written == [4, 8, 10]


CHANGES = {
    "lambda_W": lambda form, counts, options: (
        SingleSource(PROBLEM.count_tensor(), lambda_H=0.001, lambda_W=0.1, lambda_b=0.001).standard_forms()[0],
        counts,
        options,
    ),
    "counts": lambda form, counts, options: (form, counts + 1, options),
    "dim": lambda form, counts, options: (form, counts, {**options, "dim": 6}),
    "seed": lambda form, counts, options: (form, counts, {**options, "seed": 7}),
    "dtype": lambda form, counts, options: (form, counts, {**options, "dtype": "float32"}),
    "optimizer": lambda form, counts, options: (form, counts, {**options, "optimizer": "lbfgs"}),
    "learning_rate": lambda form, counts, options: (form, counts, {**options, "learning_rate": 0.1}),
    "momentum": lambda form, counts, options: (form, counts, {**options, "momentum": 0.5}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_run_s_checkpoint_is_refused(name, tmp_path):
    path = tmp_path / "run.safetensors"
    stopped(path)
    before = path.read_bytes()
    form, counts, options = CHANGES[name](*first_form(PROBLEM), {"dim": 5, "steps": 10, "checkpoint": path})
    with pytest.raises(ValueError, match=rf"is of another run: .*{name}"):
        minimize(form, counts, **options)
    assert path.read_bytes() == before


def test_adam_s_schedule_is_part_of_the_run(tmp_path):
    path = tmp_path / "run.safetensors"
    stopped(path, optimizer="adam", steps=20)
    with pytest.raises(ValueError, match=r"another run: steps \(20 there, 30 here\)"):
        stopped(path, optimizer="adam", steps=30)


def damage(path, kind):
    whole = path.read_bytes()
    if kind == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "one bit":
        flipped = bytearray(whole)
        flipped[-1000] ^= 4
        path.write_bytes(flipped)
    elif kind == "header":
        path.write_bytes(b"\xff" * 64 + whole[64:])
    elif kind == "text":
        path.write_text("not a checkpoint")
    elif kind == "other safetensors":
        save_file({"x": torch.zeros(3)}, path)
    elif kind == "other format":
        save_file({"x": torch.zeros(3)}, path, metadata={"run": json.dumps({"format": "ufm gradient checkpoint 99"})})
    elif kind == "no mapping":
        save_file({"x": torch.zeros(3)}, path, metadata={"run": "[1]"})


@pytest.mark.parametrize(
    "kind", ["truncated", "empty", "one bit", "header", "text", "other safetensors", "other format", "no mapping"]
)
def test_a_damaged_checkpoint_is_refused_and_kept(kind, tmp_path):
    path = tmp_path / "run.safetensors"
    stopped(path)
    damage(path, kind)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"cannot be resumed from .* left as it is"):
        stopped(path)
    assert path.read_bytes() == before


def test_a_kill_while_writing_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    stopped(path)
    before = path.read_bytes()

    def killed(*_):
        raise MemoryError

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(MemoryError):
        stopped(path, steps=20)
    assert path.read_bytes() == before


def test_a_full_disk_does_not_end_the_run(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensor_file, "save_file", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        result = stopped(tmp_path / "run.safetensors")
    assert result.steps == 10


def test_history_survives_with_what_is_not_a_number(tmp_path):
    """SNC3 of one task is NaN, in the file too."""
    path = tmp_path / "run.safetensors"
    form, counts = first_form(SingleSource([5, 6], **lambdas(0.05)))
    first = minimize(form, counts, dim=2, checkpoint=path)
    again = minimize(form, counts, dim=2, checkpoint=path)
    assert np.isnan(again.history["SNC3"]).all()
    assert again.history["loss"] == first.history["loss"]
