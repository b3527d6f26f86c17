"""``ufm certify``: arrays of any program against ``verify.certify`` on the same point, and files that are refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from program import run
from safetensors.torch import save_file

import ufm
import ufm_networks
import verify
from ufm_networks.observing.stored_point import stored_point

Arrays = dict[str, Any]
N, DIM, CLASSES = 40, 6, (3, 4)
GIVEN = ["--lambda-H", 0.03, "--lambda-W", 0.05, "--lambda-b", 0.02]


@pytest.fixture
def arrays() -> Arrays:
    draw = np.random.default_rng(0)
    labels = np.stack([draw.permutation(np.arange(N) % k) for k in CLASSES], axis=1)
    made: Arrays = {"features": draw.normal(size=(N, DIM)), "labels": labels}
    for name, k in zip(("digit", "colour"), CLASSES, strict=True):
        made |= {f"{name}.weight": draw.normal(size=(k, DIM)), f"{name}.bias": draw.normal(size=k)}
    return made


def write(path: Path, arrays: Arrays) -> Path:
    if path.suffix == ".npz":
        (np.savez_compressed if "packed" in path.name else np.savez)(path, **arrays)
    else:
        save_file({name: torch.as_tensor(array).contiguous() for name, array in arrays.items()}, path)
    return path


def changed(arrays: Arrays, **new: Any) -> Arrays:
    """With other arrays; None leaves one out."""
    named = {name.replace("__", "."): array for name, array in new.items()}
    return {name: array for name, array in (arrays | named).items() if array is not None}


def expected(arrays: Arrays, labels: Any = None, loss: Any = "cross-entropy") -> Any:
    """``verify.certify`` of every sample's feature."""
    labels = arrays["labels"] if labels is None else labels
    problem = ufm.SingleSource.from_labels(
        labels, CLASSES, missing=-1, loss=loss, lambda_H=0.03, lambda_W=0.05, lambda_b=0.02
    )
    W, b = ([np.asarray(arrays[f"{task}.{part}"]) for task in ("digit", "colour")] for part in ("weight", "bias"))
    return verify.certify(problem, W=W, H=np.asarray(arrays["features"]).T, b=b, labels=labels)


def told(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "c.json").read_text())


@pytest.mark.parametrize("name", ["p.npz", "packed.npz", "p.safetensors"])
@pytest.mark.parametrize("missing", [False, True])
def test_the_objective_is_that_of_every_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: Arrays, name: str, missing: bool
) -> None:
    monkeypatch.setattr("ufm_networks.observing.stored_point.BLOCK", 7 * DIM)  # blocks that do not divide N
    if missing:
        arrays["labels"][::3, 0] = -1
    path = write(tmp_path / name, arrays)
    flags = ["--heads", "digit", "colour", "--json", tmp_path / "c.json", "--loss", "squared-error", "cross-entropy"]
    assert run(monkeypatch, "certify", path, *GIVEN, *flags) == 0
    found, due = told(tmp_path)["certificate"], expected(arrays, loss=("squared-error", "cross-entropy"))
    assert found["objective"] == pytest.approx(due.objective, rel=1e-12)
    assert found["lower_bound"] < ufm.solve(due_problem(arrays)).objective * (1 + 1e-9)
    assert found["lambdas"] == [{"lambda_H": 0.03, "lambda_W": 0.05, "lambda_b": 0.02, "source": "as given"}]
    tasks = told(tmp_path)["point"]["tasks"]
    assert [(task["name"], task["classes"]) for task in tasks] == [("digit", 3), ("colour", 4)]
    assert tasks[0]["unlabelled"] == (len(range(0, N, 3)) if missing else 0)


def due_problem(arrays: Arrays) -> Any:
    return ufm.SingleSource.from_labels(
        arrays["labels"],
        CLASSES,
        missing=-1,
        loss=("squared-error", "cross-entropy"),
        lambda_H=0.03,
        lambda_W=0.05,
        lambda_b=0.02,
    )


@pytest.mark.parametrize("name", ["p.npz", "p.safetensors"])
def test_formats_and_spellings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: Arrays, name: str) -> None:
    single = {key: np.asarray(array, dtype=np.float32) for key, array in arrays.items() if key != "labels"}
    due = expected(single | {"labels": arrays["labels"]}).objective
    spellings: list[Arrays] = [
        {"W.0": "digit.weight", "b.0": "digit.bias", "W.1": "colour.weight", "b.1": "colour.bias"},
        {"b2": "colour.bias", "W1": "digit.weight", "b1": "digit.bias", "W2": "colour.weight"},
    ]
    for spelling in spellings:
        point = {"H": np.asfortranarray(single["features"]), "labels": arrays["labels"].astype(np.int32)}
        path = write(tmp_path / name, point | {new: single[old] for new, old in spelling.items()})
        assert stored_point(path).observe().tasks == ("task 1", "task 2")
        assert run(monkeypatch, "certify", path, *GIVEN, "--json", tmp_path / "c.json") == 0
        assert told(tmp_path)["certificate"]["objective"] == pytest.approx(due, rel=1e-12)
    kernels = changed(arrays, digit__weight=None, digit__kernel=arrays["digit.weight"].T)
    path = write(tmp_path / name, kernels)
    observed = stored_point(path, ("digit", "colour")).observe()
    np.testing.assert_array_equal(observed.W[0], arrays["digit.weight"])


def test_bfloat16_is_what_it_holds(tmp_path: Path, arrays: Arrays) -> None:
    coarse = torch.as_tensor(arrays["features"]).bfloat16()
    path = write(tmp_path / "p.safetensors", changed(arrays, features=coarse))
    observed = stored_point(path, ("digit", "colour")).observe()
    assert sum(observed.squares()) == pytest.approx(float(coarse.double().square().sum()), rel=1e-12)


def test_a_solution_is_certified_and_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = ufm.SingleSource([30, 20, 10], lambda_H=0.05, lambda_W=0.05, lambda_b=None)
    solution = ufm.solve(problem)
    rows = np.repeat(np.arange(3), problem.counts)
    path = write(tmp_path / "p.npz", {"features": solution.H.numpy().T[rows], "labels": rows, "weight": solution.W[0]})
    flags = ["--lambda-H", 0.05, "--lambda-W", 0.05, "--json", tmp_path / "c.json", "--rigorous"]
    assert run(monkeypatch, "certify", path, *flags) == 0
    out = capsys.readouterr().out
    assert out.startswith("Point read\n")
    assert "0.05, 0.05, none (no bias)" in out
    assert "verdict on the means  global minimum" in out
    assert "min F proven in" in out
    lower, upper = told(tmp_path)["certificate"]["certificates"][0]["enclosure"]
    assert lower <= solution.objective * (1 + 1e-12)
    assert upper >= solution.objective * (1 - 1e-12)


def test_weight_decay_and_observations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arrays: Arrays
) -> None:
    path, saved = write(tmp_path / "p.npz", arrays), tmp_path / "o.safetensors"
    flags = ["--weight-decay", 1e-2, "--json", tmp_path / "c.json"]
    assert run(monkeypatch, "certify", path, *flags, "--save", saved) == 0
    first, out = told(tmp_path)["certificate"], capsys.readouterr().out
    assert "λ_W = λ_b = N wd / 2 with N = 40, wd = 0.01" in out
    assert first["lambdas"][0]["lambda_W"] == first["lambdas"][0]["lambda_b"] == N * 1e-2 / 2
    assert run(monkeypatch, "certify", saved, *flags) == 0
    assert told(tmp_path)["certificate"] == first
    assert ufm_networks.load_observation(saved).tasks == ("digit", "colour")


def test_one_label_a_sample_is_problem_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: Arrays) -> None:
    arrays["labels"][::2, 0] = -1
    arrays["labels"][1::2, 1] = -1
    path = write(tmp_path / "p.npz", arrays)
    assert run(monkeypatch, "certify", path, "--weight-decay", 0.01, "--json", tmp_path / "c.json") == 0
    assert [found["lambda_W"] for found in told(tmp_path)["certificate"]["lambdas"]] == [0.1, 0.1]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"features": None}, r"has no array features or H; it holds labels \(40, 2\), digit.weight .*needed are features"),
    ({"labels": None}, "has no array labels"),
    ({"H": 1.0}, "has both features and H"),
    ({"feature": 1.0}, r"array 'feature' is not known \(did you mean 'features'\?\)"),
    ({"digit__weight": None}, "head 'digit' has a bias, digit.bias, and no weight"),
    ({"digit__kernel": np.zeros((6, 3))}, "head 'digit' has both weight and kernel"),
    ({"digit__weight": np.zeros((3, 6, 1, 1))}, r"digit.weight \(3, 6, 1, 1\) must be \(K, d\)"),
    ({"digit__weight": np.zeros((6, 3))}, r"digit.bias \(3,\) must be \(6,\).*; is the weight transposed\?"),
    ({"digit__weight": np.zeros((6, 3)), "digit__bias": None}, "it is transposed: .* or name it digit.kernel"),
    ({"digit__weight": np.zeros((3, 5))}, r"must be \(K, d\) with the features' d = 6"),
    ({"digit__bias": np.zeros(2)}, r"digit.bias \(2,\) must be \(3,\)"),
    ({"digit__weight": np.full((3, 6), np.nan)}, "head 'digit' has weights or a bias that are not finite"),
    ({"features": np.zeros((DIM, N))}, r"are features \(6, 40\) transposed\? Save them as \(N, d\)"),
    ({"features": np.zeros((N, 2, 3))}, r"features \(40, 2, 3\) must be \(N, d\)"),
    ({"features": np.zeros((N - 1, DIM))}, r"labels \(40, 2\) does not fit features \(39, 6\) and 2 heads"),
    ({"features": np.zeros((N, DIM), dtype=complex)}, "must be of float64, .* got complex128"),
    ({"features": np.array([[{}] * DIM] * N)}, "array 'features' is pickled"),
    ({"labels": np.zeros((2, N), dtype=int)}, "it is transposed: save labels.T"),
    ({"labels": np.zeros(N, dtype=int)}, r"it must be \(40, 2\)"),
    ({"labels": np.zeros((N, 2))}, "labels must be integers, the rows of the heads' weights; got float64"),
    ({"labels": np.full((N, 2), 3)}, r"labels\[0, 0\] = 3 is outside head 'digit''s classes 0 … 2 \(40 such"),
    ({"labels": np.full((N, 2), -2)}, r"labels\[0, 0\] = -2 is outside"),
    ({"labels": np.full((N, 2), -1)}, "sample 0 has no label in any task, nor have 39 others"),
]


@pytest.mark.parametrize(("new", "message"), REFUSED)
def test_refused(tmp_path: Path, arrays: Arrays, new: Arrays, message: str) -> None:
    path = write(tmp_path / "p.npz", changed(arrays, **new))
    with pytest.raises(ValueError, match=message):
        stored_point(path).observe()


def test_features_that_are_not_finite_are_found_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: Arrays
) -> None:
    monkeypatch.setattr("ufm_networks.observing.stored_point.BLOCK", 7 * DIM)
    arrays["features"][[17, 19], 3] = np.inf, np.nan
    with pytest.raises(ValueError, match=r"features\[17\] is not finite, the first of 2 such rows among 14 … 20"):
        stored_point(write(tmp_path / "p.npz", arrays)).observe()


def test_heads_by_name(tmp_path: Path, arrays: Arrays) -> None:
    path = write(tmp_path / "p.safetensors", arrays)
    with pytest.raises(ValueError, match=r"safetensors keeps no order, .* --heads"):
        stored_point(path)
    with pytest.raises(ValueError, match=r"labels\[.* = 3 is outside head 'digit'"):
        stored_point(path, ("colour", "digit"))
    with pytest.raises(ValueError, match=r"--heads digits has no weight in p.safetensors; did you mean 'digit'\?"):
        stored_point(path, ("digits", "colour"))
    with pytest.raises(ValueError, match="--heads digit is given twice"):
        stored_point(path, ("digit", "digit"))
    more = changed(arrays, conv1__weight=np.zeros((2, 2, 3, 3)), step=np.array(3))
    point = stored_point(write(path, more), ("digit", "colour"))
    assert sorted(point.roles.left) == ["conv1.weight", "step"]
    assert "left alone" in str(point)


def test_files_that_are_none(tmp_path: Path, arrays: Arrays) -> None:
    for name in ("p.npz", "p.safetensors"):
        path = write(tmp_path / name, arrays)
        whole = path.read_bytes()
        for part in (b"", whole[: len(whole) // 2], b"x" * 100):
            path.write_bytes(part)
            with pytest.raises(ValueError, match=f"{name} is not a whole"):
                stored_point(path)
    packed = write(tmp_path / "packed.npz", arrays)
    content = bytearray(packed.read_bytes())
    content[400] ^= 0xFF
    packed.write_bytes(content)
    with pytest.raises(ValueError, match=r"packed.npz is .*features"):
        stored_point(packed).observe()
    np.save(tmp_path / "p.npy", arrays["features"])
    with pytest.raises(ValueError, match=r"must be an .npz or .safetensors file, got '.npy'"):
        stored_point(tmp_path / "p.npy")
    with pytest.raises(FileNotFoundError):
        stored_point(tmp_path / "none.npz")


def test_features_are_never_whole_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: Arrays) -> None:
    rows = []
    monkeypatch.setattr("ufm_networks.observing.stored_point.BLOCK", 7 * DIM)
    whole = torch.isfinite
    monkeypatch.setattr(torch, "isfinite", lambda h: rows.append(len(h)) or whole(h))
    for name in ("p.npz", "packed.npz", "p.safetensors"):
        stored_point(write(tmp_path / name, arrays), ("digit", "colour")).observe()
        assert 0 < max(rows) < 20


def test_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arrays: Arrays
) -> None:
    path = write(tmp_path / "p.npz", arrays)
    for flags, message in (
        ([], "the λ's are needed: --weight-decay of the optimizer"),
        (["--lambda-b", 0.1], "--lambda-b alone is not enough"),
        (["--weight-decay", 0.1, "--lambda-W", 0.1], "leave --lambda-W out"),
        (["--lambda-W", 0.1], "--lambda-b is needed, since heads have biases"),
        (["--weight-decay", -1], "weight_decay must be finite and > 0"),
        (["--weight-decay", 0.1, "--loss", "cross"], "--loss"),
        (["--weight-decay", 0.1, "--json", tmp_path / "no" / "c.json"], "--json"),
        (["--lambda-W", 0.1, "--lambda-b", "none"], "b"),
        (["--weight-decay", 0.1, "--save", path], "would write over the point; name another file"),
        (["--weight-decay", 0.1, "--save", tmp_path / "c", "--json", tmp_path / "c"], "would write over --json"),
    ):
        assert run(monkeypatch, "certify", path, *flags) == 2
        assert message in capsys.readouterr().err
    assert run(monkeypatch, "certify", tmp_path / "none.npz", "--weight-decay", 0.1) == 2
    assert "no such file" in capsys.readouterr().err


def test_without_the_extra_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arrays: Arrays
) -> None:
    path = write(tmp_path / "p.npz", arrays)
    monkeypatch.setitem(sys.modules, "ufm_networks.observing", None)
    assert run(monkeypatch, "certify", path, "--weight-decay", 0.1) == 2
    assert "pip install 'ufm-toolkit[networks]'" in capsys.readouterr().err


def test_a_saved_solution_is_certified_with_its_own_problem(tmp_path, monkeypatch, capsys):
    problem = ufm.SingleSource([[5, 2], [1, 4]], lambda_H=0.03, lambda_W=0.05, lambda_b=None, loss="squared-error")
    solution = ufm.solve(problem)
    solution.save(tmp_path / "solution.safetensors")
    kept = tmp_path / "certificate.json"
    assert run(monkeypatch, "certify", tmp_path / "solution.safetensors", "--json", kept) == 0
    certificate = verify.certify(problem, solution)
    assert str(certificate) in capsys.readouterr().out
    assert json.loads(kept.read_text())["certificate"]["lower_bound"] == certificate.lower_bound


@pytest.mark.parametrize("flags", [("--weight-decay", "5e-4"), ("--lambda-b", "0"), ("--loss", "squared-error")])
def test_flags_that_repeat_a_solution_are_refused(flags, tmp_path, monkeypatch, capsys):
    problem = ufm.SingleSource([5, 2], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    ufm.solve(problem).save(tmp_path / "solution.safetensors")
    assert run(monkeypatch, "certify", tmp_path / "solution.safetensors", *flags) == 2
    assert flags[0] in capsys.readouterr().err
