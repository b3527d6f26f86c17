import json
import os
import random
import signal
import struct
import time
from dataclasses import replace
from pathlib import Path

import forked
import numpy as np
import pytest
import torch
from gradient_problems import first_form, lambdas
from interrupted_run import PROBLEM, run
from safetensors import safe_open
from safetensors.torch import save_file

from ufm import SingleSource
from ufm.solvers.gradient import checkpoint as checkpoint_module
from ufm.solvers.gradient import minimize
from ufm.support import checked_tensors
from ufm.support.checked_tensors import save_checked

HERE = Path(__file__).parent
METHODS = {
    "momentum": {"steps": 200},
    "lbfgs": {"optimizer": "lbfgs", "steps": 150},
    "adam": {"optimizer": "adam", "steps": 500},
    "fixed": {"learning_rate": 0.003, "steps": 800},
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name != "adam" else name for name in METHODS]
)
def test_killed_run_resumes_to_the_same_bits(name, tmp_path):
    options = {**METHODS[name], "checkpoint_every": 1, "log_every": 50}
    checkpoint, result = tmp_path / "run.safetensors", tmp_path / "result.npz"
    program = forked.program_of(HERE / "interrupted_run.py")
    process = forked.Program(program, checkpoint, result, json.dumps(options))
    deadline = time.monotonic() + 600
    while not checkpoint.exists() and not process.ended() and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.1)
    process.kill()
    assert process.result().returncode == -signal.SIGKILL
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
    "losses": lambda form, counts, options: (replace(form, losses=("squared-error",) * 2), counts, options),
    "lambda_b": lambda form, counts, options: (replace(form, lambda_b=None), counts, options),
    "labelled": lambda form, counts, options: (replace(form, labelled=form.targets[:2] > 0), counts, options),
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


def contents(path):
    """Tensors and header as safetensors reads them, without any check."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118 (no mapping)


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
        save_file({"x": torch.zeros(3)}, path, metadata={"format": "ufm gradient checkpoint 99", "run": "{}"})
    elif kind == "no mapping":
        save_checked({"x": torch.zeros(3)}, path, {"format": checkpoint_module.FORMAT, "run": "[1]"})
    elif kind == "without checksum":
        tensors, header = contents(path)
        save_file(tensors, path, metadata={name: header[name] for name in ("format", "run")})


@pytest.mark.parametrize(
    "kind",
    [
        "truncated",
        "empty",
        "one bit",
        "header",
        "text",
        "other safetensors",
        "other format",
        "no mapping",
        "without checksum",
    ],
)
def test_a_damaged_checkpoint_is_refused_and_kept(kind, tmp_path):
    path = tmp_path / "run.safetensors"
    stopped(path)
    damage(path, kind)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"cannot be resumed from .* left as it is"):
        stopped(path)
    assert path.read_bytes() == before


def test_a_flipped_bit_anywhere_is_refused(tmp_path):
    """Header and tensors alike: nothing is resumed from what was not saved."""
    path = tmp_path / "run.safetensors"
    stopped(path)
    whole = path.read_bytes()
    rng = random.Random(0)
    form, counts = first_form(PROBLEM)
    size = struct.unpack("<Q", whole[:8])[0]
    for place in [*range(8, 8 + size, 17), *(rng.randrange(len(whole)) for _ in range(40))]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match="cannot be resumed from"):
            minimize(form, counts, dim=5, steps=10, checkpoint=path)


CRAFTED = {
    "fingerprint": ([], None, 3),
    "step": (None, -1, 0.5, "x", 10**400),
    "numbers": ([], None, {"steps": "x"}),
    "history": ([], None, {}, {"step": "x"}, {"step": [5, 0]}, {"step": [99]}, {"step": [0], "loss": [1.0, 2.0]}),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CRAFTED.items() for value in values])
def test_contents_of_another_kind_are_refused_though_the_checksum_be_right(name, value, tmp_path):
    path = tmp_path / "run.safetensors"
    stopped(path)
    tensors, header = contents(path)
    run = json.dumps(json.loads(header["run"]) | {name: value})
    save_checked(tensors, path, {"format": checkpoint_module.FORMAT, "run": run})
    with pytest.raises(ValueError, match=r"cannot be resumed from"):
        stopped(path)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_numbers_and_tensors_of_another_optimizer_are_refused(optimizer, tmp_path):
    path = tmp_path / "run.safetensors"
    stopped(path, optimizer=optimizer)
    tensors, header = contents(path)
    run = json.dumps(json.loads(header["run"]) | {"numbers": {"other": 1.0}})
    save_checked(tensors, path, {"format": checkpoint_module.FORMAT, "run": run})
    with pytest.raises(ValueError, match=rf"cannot be resumed from \(its numbers are not {optimizer}'s"):
        stopped(path, optimizer=optimizer)
    name = next(iter(tensors))
    for other in ({}, {name: tensors[name].float()}, {name: tensors[name][:1]}):
        rest = {key: tensor for key, tensor in tensors.items() if key != name}
        save_checked(rest | other, path, {"format": checkpoint_module.FORMAT, "run": header["run"]})
        with pytest.raises(ValueError, match=rf"cannot be resumed from \(the tensor '{name}' is not"):
            stopped(path, optimizer=optimizer)


def test_one_run_at_a_time_has_a_checkpoint(tmp_path):
    """While another run, here from its metrics, goes on, the file is refused; then it is free."""
    path = tmp_path / "run.safetensors"
    form, counts = first_form(PROBLEM)
    refused = []

    def metrics(*_):
        with pytest.raises(ValueError, match="another run goes on from it now; wait for its end, or name another"):
            stopped(path)
        refused.append(True)
        return {}

    minimize(form, counts, dim=5, steps=10, checkpoint=path, metrics=metrics)
    assert refused
    assert stopped(path, steps=20).steps == 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "run.safetensors")
    with pytest.raises(ValueError, match="is not a regular file, and would be replaced"):
        stopped(tmp_path / "run.safetensors")


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

    monkeypatch.setattr(checked_tensors, "save_file", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        result = stopped(tmp_path / "run.safetensors")
    assert result.steps == 10


def test_history_survives_with_what_is_not_a_number(tmp_path):
    """SNC3 of one task is NaN, in the file too."""
    path = tmp_path / "run.safetensors"
    form, counts = first_form(SingleSource([5, 6], **lambdas(0.05)))
    first = minimize(form, counts, dim=2, checkpoint=path, metrics=lambda at: {"SNC3": np.nan})
    again = minimize(form, counts, dim=2, checkpoint=path)
    assert np.isnan(again.history["SNC3"]).all()
    assert again.history["loss"] == first.history["loss"]


def test_a_resumed_run_may_measure_something_else(tmp_path):
    """Columns are as long as the history's steps, NaN where they were not measured."""
    path = tmp_path / "run.safetensors"
    stopped(path, metrics=lambda at: {"early": 1.0, "both": 2.0})
    history = stopped(path, steps=30, metrics=lambda at: {"both": 2.0, "late": 3.0}).history
    entries = len(history["step"])
    assert {len(column) for column in history.values()} == {entries}
    early, late = np.isnan(history["early"]), np.isnan(history["late"])
    np.testing.assert_array_equal(early, ~late)
    assert 0 < late.sum() < entries
    assert history["both"] == [2.0] * entries
