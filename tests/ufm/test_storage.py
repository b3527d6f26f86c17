"""Solutions as files: bit for bit, whole or not there, and what is not such a file."""

import dataclasses
import json
import math
import os
import pickle
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ufm import MultiSource, SingleSource, load, solve, storage, tensor_file

LAMBDAS = {"lambda_H": 0.1 + 0.2, "lambda_W": 1 / 3, "lambda_b": 5e-324}
FINITE = {**LAMBDAS, "lambda_b": 0.1}
PROBLEMS = {
    "single": SingleSource([[4, 0, 9], [0, 7, 1]], task_weights=(1 / 7, 2.0), label_smoothing=0.1, **FINITE),
    "multi": MultiSource([[4, 0, 9, 0], [0, 7]], task_weights=(1 / 7, 2.0), reduction="mean", **FINITE),
    "attributes": SingleSource.from_labels(np.random.default_rng(0).integers(0, 2, (30, 40)), **FINITE),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "solution.safetensors"


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def assert_same(one, two):
    for name in ("method", "objective", "converged", "status"):
        assert getattr(one, name) == getattr(two, name)
        assert type(getattr(one, name)) is type(getattr(two, name))
    assert repr(one.history) == repr(two.history)
    for name in ("W", "b", "H"):
        pairs = zip(listed(getattr(one, name)), listed(getattr(two, name)), strict=True)
        assert all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)
        assert type(getattr(one, name)) is type(getattr(two, name))
    for name in ("labels", "counts"):
        for mine, theirs in ((one, two), (one.problem, two.problem)):
            assert type(getattr(mine, name)) is type(getattr(theirs, name))
            for a, b in zip(listed(getattr(mine, name)), listed(getattr(theirs, name)), strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_array_equal(a, b)
    assert type(one.problem) is type(two.problem)
    for name in ("classes", "reduction", "label_smoothing", "lambda_H", "lambda_W", "lambda_b"):
        assert getattr(one.problem, name) == getattr(two.problem, name)
    np.testing.assert_array_equal(one.problem.task_weights, two.problem.task_weights)


@pytest.mark.parametrize("name", PROBLEMS)
def test_round_trip(name, path):
    solution = solve(PROBLEMS[name])
    solution.save(path)
    loaded = load(path)
    assert_same(solution, loaded)
    assert_same(solution, load(str(path)))
    assert os.listdir(path.parent) == [path.name]
    loaded.save(path)
    assert_same(solution, load(path))


def test_smallest_numbers_survive(path):
    problem = SingleSource([1, 2], **LAMBDAS)
    solution = dataclasses.replace(solve(PROBLEMS["single"]), problem=problem, objective=math.pi * 1e-300)
    solution.W = solution.W[:1]
    solution.b = solution.b[:1]
    solution.save(path)
    assert load(path).problem.lambda_b == 5e-324
    assert load(path).objective == math.pi * 1e-300


def test_history_of_any_numbers(path):
    solution = solve(PROBLEMS["single"])
    solution.history = {
        "loss": [math.nan, math.inf, -math.inf, 1e-320, -0.0],
        "nothing": [],
        "none": [None, 1.5],
        "whole": [1, 2**60],
        "note": "a λ < b",
        "nested": {"deep": [{"x": [math.nan]}]},
    }
    solution.objective = math.nan
    solution.save(path)
    loaded = load(path)
    assert repr(loaded.history) == repr(solution.history)
    assert math.isnan(loaded.objective)


def test_history_of_numpy_numbers(path):
    solution = solve(PROBLEMS["single"])
    solution.history = {"loss": [np.float32(0.5), np.float64(np.nan), np.int64(3), np.bool_(True)]}
    solution.save(path)
    assert repr(load(path).history) == "{'loss': [0.5, nan, 3, True]}"


def test_views_low_precision_and_gradients(path):
    solution = solve(PROBLEMS["single"])
    solution.W = [w.float().T.contiguous().T for w in solution.W]
    solution.H = solution.H.to(torch.bfloat16)[:, ::2].requires_grad_()
    solution.b = [torch.zeros(4)[1:3].expand(2), solution.b[1]]
    solution.labels, solution.counts = solution.labels[::2], solution.counts[::2].astype(np.int32)
    solution.save(path)
    loaded = load(path)
    assert_same(solution, loaded)
    assert not loaded.H.requires_grad
    loaded.W[0].requires_grad_()


def test_shared_memory_is_written_twice(path):
    solution = solve(SingleSource.balanced((3, 3), 5, **FINITE))
    solution.W = [solution.W[0], solution.W[0]]
    solution.save(path)
    assert torch.equal(load(path).W[1], solution.W[0])


def header_and_rest(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + size]), data[8 + size :]


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_truncated_file(path, keep):
    solve(PROBLEMS["single"]).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="not a whole safetensors file") as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_foreign_safetensors_file(path):
    save_file({"weight": torch.ones(2)}, path)
    with pytest.raises(ValueError, match=r"not a solution of this program \(format None\)"):
        load(path)
    save_file({"weight": torch.ones(2)}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="format 'pt'"):
        load(path)


def explode():
    raise AssertionError("unpickled")


class Bomb:
    def __reduce__(self):
        return (explode, ())


def test_a_pickle_is_not_opened(path):
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        load(path)
    torch.save({"W": torch.ones(2)}, path)
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        load(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda h: h.pop("problem"),
        lambda h: h.pop("history"),
        lambda h: h["problem"].pop("lambda_H"),
        lambda h: h["problem"].update(lambda_H=-1.0),
        lambda h: h["problem"].update(classes=[2, 2]),
        lambda h: h["problem"].update(classes=[2, 3, 4]),
        lambda h: h["problem"].update(classes=3),
        lambda h: h["problem"].update(source="multi"),
        lambda h: h.update(problem=[1, 2]),
    ],
)
def test_damaged_header(path, damage):
    solve(PROBLEMS["single"]).save(path)
    header = json.loads(header_and_rest(path)[0]["__metadata__"]["ufm"])
    damage(header)
    rewrite(path, json.dumps(header))
    with pytest.raises(ValueError, match="is incomplete") as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3"])
def test_header_that_is_no_header(path, text):
    solve(PROBLEMS["single"]).save(path)
    rewrite(path, text)
    with pytest.raises(ValueError, match="is incomplete"):
        load(path)


def rewrite(path, text):
    from safetensors.torch import load_file

    save_file(load_file(path), path, metadata={"format": storage.FORMAT, "ufm": text})


def test_places_that_are_no_files(tmp_path):
    solution = solve(PROBLEMS["single"])
    with pytest.raises(ValueError, match="is a folder"):
        solution.save(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        solution.save(tmp_path / "nowhere" / "file")
    with pytest.raises(FileNotFoundError, match="no such file"):
        load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="no such file"):
        load(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["save_file", "replace"])
def test_an_interrupted_save_leaves_the_old_file(path, monkeypatch, error, step):
    old = solve(PROBLEMS["single"])
    old.save(path)
    before = path.read_bytes()

    def fail(tensors, name, **_):
        with open(name, "wb") as file:
            file.write(b"half")
        raise error

    def refuse(*_):
        raise error

    if step == "save_file":
        monkeypatch.setattr(tensor_file, "save_file", fail)
    else:
        monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(type(error)):
        solve(PROBLEMS["multi"]).save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_permissions_follow_the_umask(path):
    previous = os.umask(0o027)
    try:
        solve(PROBLEMS["single"]).save(path)
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o777 == 0o640
