"""Solutions as files: bit for bit, whole or not there, and what is not such a file."""

import dataclasses
import json
import math
import os
import pickle
import random
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ufm import MultiLabel, MultiSource, Regression, SingleSource, load, solve, storage
from ufm.support import checked_tensors
from ufm.support.checked_tensors import save_checked

LAMBDAS = {"lambda_H": 0.1 + 0.2, "lambda_W": 1 / 3, "lambda_b": 5e-324}
FINITE = {**LAMBDAS, "lambda_b": 0.1}
PROBLEMS = {
    "single": SingleSource([[4, 0, 9], [0, 7, 1]], task_weights=(1 / 7, 2.0), label_smoothing=0.1, **FINITE),
    "multi": MultiSource([[4, 0, 9, 0], [0, 7]], task_weights=(1 / 7, 2.0), reduction="mean", **FINITE),
    "missing": SingleSource.from_labels(
        [[0, 1], [1, -1], [-1, 0], [1, 1]], missing=-1, loss=["squared-error", "cross-entropy"], **FINITE
    ),
    "no bias": MultiSource([[4, 0, 9], [2, 7]], loss="binary-cross-entropy", **{**FINITE, "lambda_b": None}),
    "free bias": SingleSource([[4, 1], [2, 7]], loss="squared-error", **{**FINITE, "lambda_b": 0.0}),
    "sets": MultiLabel({(): 3, (0,): 2, (0, 2): 5}, classes=3, loss="squared-error", **FINITE),
    "soft": SingleSource.from_probabilities(
        [[[0.1, 0.9], [1 / 3, 2 / 3], [0.1, 0.9]], [[1 / 7, 2 / 7, 4 / 7], [0.2, 0.3, 0.5], [1 / 7, 2 / 7, 4 / 7]]],
        label_smoothing=0.1,
        loss=["cross-entropy", "binary-cross-entropy"],
        **FINITE,
    ),
    "regression": Regression(
        [np.array([math.pi, -1e-300, math.pi]), np.array([[1e3, 2.0], [-0.0, 5e-324], [1e3, 2.0]])],
        task_weights=[1 / 7, 2],
        **{**FINITE, "lambda_b": 0},
    ),
    "attributes": SingleSource.from_labels(np.random.default_rng(0).integers(0, 2, (30, 40)), **FINITE),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "solution.safetensors"


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def assert_same(one, two):
    for name in ("method", "objective", "converged", "outcome", "status"):
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
    for name in ("classes", "reduction", "label_smoothing", "lambda_H", "lambda_W", "lambda_b", "loss", "losses"):
        assert getattr(one.problem, name) == getattr(two.problem, name)
        assert type(getattr(one.problem, name)) is type(getattr(two.problem, name))
    targets = [getattr(solution.problem, "targets", np.zeros(0)) for solution in (one, two)]
    assert targets[0].tobytes() == targets[1].tobytes()
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


def test_a_file_older_than_other_losses_is_of_cross_entropy(path):
    solution = solve(PROBLEMS["single"])
    solution.save(path)
    tensors, header = contents(path)
    record = json.loads(header["ufm"])
    assert record["problem"].pop("loss") == "cross-entropy"
    crafted(path, tensors, json.dumps(record))
    assert_same(solution, load(path))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("missing", {"loss": "hinge"}, r"loss must be one of .*got 'hinge'"),
        ("missing", {"loss": ["squared-error"]}, "loss must be one name or 2 names"),
        ("missing", {"loss": None}, "loss must be one of"),
        ("missing", {"lambda_b": -1}, "lambda_b must be finite and ≥ 0, or None"),
        ("missing", {"lambda_b": "free"}, "lambda_b must be a number ≥ 0 or None"),
        ("missing", {"margin": 1}, "margin=1, a field that this version does not know"),
        ("sets", {"loss": "cross-entropy"}, "label set 0 names no class"),
        ("regression", {"loss": "cross-entropy"}, "Regression has squared error"),
        ("regression", {"label_smoothing": 0.1}, "label_smoothing=0.1"),
        ("regression", {"source": "soft"}, r"probabilities\[0\] must have shape"),
        ("soft", {"source": "single"}, "problem.labels must have 2 columns"),
    ],
)
def test_a_model_that_is_none_is_refused(name, change, message, path):
    solve(PROBLEMS[name]).save(path)
    tensors, header = contents(path)
    record = json.loads(header["ufm"])
    record["problem"] |= change
    crafted(path, tensors, json.dumps(record))
    with pytest.raises(ValueError, match=message):
        load(path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("soft", lambda y: y + 1, r"probabilities\[0\]\[0, 0\] = 1.1 is not a probability"),
        ("soft", lambda y: y * 0.9, "sum 0.9"),
        ("soft", lambda y: y * torch.nan, "problem.targets.* = nan is not finite"),
        ("soft", lambda y: y[:, :4].contiguous(), r"problem.targets must have shape \(2, 5\), got \(2, 4\)"),
        ("soft", lambda y: y[:1].expand(2, 5).contiguous(), "problem.targets has a row twice"),
        ("regression", lambda y: y * torch.inf, "problem.targets.* is not finite"),
        ("regression", lambda y: y[:1], r"problem.targets must have shape"),
    ],
)
def test_targets_that_are_none_are_refused(name, change, message, path):
    solve(PROBLEMS[name]).save(path)
    tensors, header = contents(path)
    tensors["problem.targets"] = change(tensors["problem.targets"])
    crafted(path, tensors, header["ufm"])
    with pytest.raises(ValueError, match=message):
        load(path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("problem.labels", lambda y: y.flip(0), "problem.labels must be the columns' numbers"),
        ("problem.counts", lambda n: n * torch.tensor([1, 0]), "problem.targets has a row twice, or one of no sample"),
    ],
)
def test_columns_of_targets_are_numbered_and_have_samples(name, change, message, path):
    solve(PROBLEMS["regression"]).save(path)
    tensors, header = contents(path)
    tensors[name] = change(tensors[name])
    crafted(path, tensors, header["ufm"])
    with pytest.raises(ValueError, match=message):
        load(path)


def test_a_file_without_its_targets_is_refused(path):
    solve(PROBLEMS["regression"]).save(path)
    tensors, header = contents(path)
    tensors.pop("problem.targets")
    crafted(path, tensors, header["ufm"])
    with pytest.raises(ValueError, match=r"is incomplete: .*problem\.targets"):
        load(path)


def test_smallest_numbers_survive(path):
    problem = SingleSource([1, 2], **LAMBDAS)
    solution = dataclasses.replace(solve(PROBLEMS["single"]), problem=problem, objective=math.pi * 1e-300)
    solution.W = solution.W[:1]
    solution.b = solution.b[:1]
    solution.labels = solution.labels[:, :1]
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


def contents(path):
    """Tensors and header as safetensors reads them, without any check."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118 (no mapping)


def crafted(path, tensors, record):
    """A file whose checksum is right, whatever it holds."""
    save_checked(tensors, path, {"format": storage.FORMAT, "ufm": record})


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
    tensors, header = contents(path)
    record = json.loads(header["ufm"])
    damage(record)
    crafted(path, tensors, json.dumps(record))
    with pytest.raises(ValueError, match="is incomplete") as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", "[" * 10**5, '{"a": NaN}'])
def test_header_that_is_no_header(path, text):
    solve(PROBLEMS["single"]).save(path)
    crafted(path, contents(path)[0], text)
    with pytest.raises(ValueError, match="is incomplete"):
        load(path)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_flipped_bit_anywhere_is_refused_or_without_effect(name, path):
    """A bit of every third byte at the header's start, and of the rest a sample."""
    solution = solve(PROBLEMS[name])
    solution.save(path)
    whole = path.read_bytes()
    rng = random.Random(0)
    refused = 0
    for place in [*range(0, 200, 3), *(rng.randrange(len(whole)) for _ in range(60))]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            loaded = load(path)
        except ValueError:
            refused += 1
        else:
            assert_same(solution, loaded)
    assert refused > 110


def nan_like(tensor):
    return torch.full_like(tensor, torch.nan)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("H", nan_like, r"H holds numbers that are not finite"),
        ("H", lambda H: H.T.contiguous(), r"H must be floats of shape \(3, 4\)"),
        ("H", lambda H: torch.tensor(1.0), r"H must be floats of shape \(3, 4\)"),
        ("W.0", lambda W: torch.tensor(1.0), r"W\[0\] must have shape \(K, d\)"),
        ("W.0", lambda W: W[:, :0].contiguous(), r"W\[0\] must have shape \(K, d\) with d ≥ 1"),
        ("W.1", lambda W: W[:2], r"W\[1\] must be floats of shape \(3, 3\)"),
        ("W.1", nan_like, r"W\[1\] holds numbers that are not finite"),
        ("b.0", lambda b: b.to(torch.complex64), r"b\[0\] must be floats of shape \(2,\), got torch.complex64"),
        ("b.1", lambda b: b * torch.inf, r"b\[1\] holds"),
        ("labels", lambda y: y + 99, r"labels\[0, 0\] = 99 is outside task 0"),
        ("labels", lambda y: y.double(), r"labels must be integers"),
        ("counts", lambda n: -n, r"counts must be ≥ 1, got -4"),
        ("counts", lambda n: n[:2], r"counts must be integers of shape \(4,\)"),
        ("problem.counts", lambda n: n * 0 - 1, r"problem.counts must be ≥ 0"),
        ("problem.counts", lambda n: n[:2], r"problem.counts must have shape \(4,\)"),
        ("problem.labels", lambda y: y[..., None], r"problem.labels must have shape \(N, T\)"),
        ("problem.labels", lambda y: y[:, :1], r"problem.labels must have 2 columns"),
        ("problem.labels", lambda y: -2 * y, r"labels\[2, 0\] = -2 is outside"),
        ("problem.labels", lambda y: 0 * y - 1, r"labels\[:, 0\]: task 0 has no label at all"),
    ],
)
def test_arrays_that_are_no_point_of_the_problem(name, change, message, path):
    """Though the checksum be right."""
    solution = solve(PROBLEMS["single"])
    solution.save(path)
    tensors, header = contents(path)
    tensors[name] = change(tensors[name])
    crafted(path, tensors, header["ufm"])
    with pytest.raises(ValueError, match=rf"is incomplete: .*{message}"):
        load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("method", value) for value in (None, 3, [])),
        *(("objective", value) for value in (None, 10**400, "low", True, 3)),
        *(("converged", value) for value in (None, 1, "yes")),
        ("status", None),
        ("history", None),
        ("history", 3),
    ],
)
def test_values_of_another_kind(name, value, path):
    solve(PROBLEMS["single"]).save(path)
    tensors, header = contents(path)
    crafted(path, tensors, json.dumps(json.loads(header["ufm"]) | {name: value}))
    with pytest.raises(ValueError, match=f"is incomplete: .*{name}"):
        load(path)


def test_a_few_bytes_that_name_many_classes_take_no_memory(path):
    """30 tasks of 10^7 classes each would be 2.4 GB of counts."""
    solve(PROBLEMS["multi"]).save(path)
    tensors, header = contents(path)
    record = json.loads(header["ufm"])
    record["problem"] |= {"classes": [10**7] * 30, "task_weights": [1.0] * 30}
    for name in ("W", "b", "H", "labels", "counts", "problem.labels", "problem.counts"):
        tensors |= {f"{name}.{t}": tensors[f"{name}.1"].clone() for t in range(30)}
    crafted(path, tensors, json.dumps(record))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"W\[0\] must be floats of shape \(10000000, 3\)"):
        load(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_another_content_needs_another_checksum(path):
    """A changed tensor, and a file of an earlier version, which had no checksum."""
    solve(PROBLEMS["single"]).save(path)
    tensors, header = contents(path)
    save_file(tensors | {"H": tensors["H"] * 2}, path, metadata=header)
    with pytest.raises(ValueError, match="is damaged: its content does not match its SHA-256"):
        load(path)
    save_file(tensors, path, metadata={"format": storage.FORMAT, "ufm": header["ufm"]})
    with pytest.raises(ValueError, match="is without its SHA-256"):
        load(path)
    save_file(tensors, path, metadata={"format": "ufm-solution-1", "ufm": header["ufm"]})
    with pytest.raises(ValueError, match="an earlier version wrote it, without a checksum; make it anew"):
        load(path)


def test_what_would_be_refused_is_not_saved(path):
    solution = solve(PROBLEMS["single"])
    solution.H = nan_like(solution.H)
    with pytest.raises(ValueError, match="H holds numbers that are not finite"):
        solution.save(path)
    assert not path.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(ValueError, match="is not a regular file but a pipe"):
        load(path)


def test_places_that_are_no_files(tmp_path):
    solution = solve(PROBLEMS["single"])
    with pytest.raises(ValueError, match="is a folder"):
        solution.save(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        solution.save(tmp_path / "nowhere" / "file")
    with pytest.raises(FileNotFoundError, match="no such file"):
        load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="is a folder"):
        load(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["save_file", "replace"])
def test_an_interrupted_save_leaves_the_old_file(path, monkeypatch, error, step):
    old = solve(PROBLEMS["single"])
    old.save(path)
    before = path.read_bytes()

    def fail(tensors, name, header):
        with open(name, "wb") as file:
            file.write(b"half")
        raise error

    def refuse(*_):
        raise error

    if step == "save_file":
        monkeypatch.setattr(checked_tensors, "save_file", fail)
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


def test_what_is_no_path_is_refused():
    with pytest.raises(TypeError, match=r"path must be a path to a file, got"):
        load(5)
