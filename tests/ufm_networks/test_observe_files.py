"""An observation comes back from its file to the last bit, and what was changed in a file is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from plain_models import HEADS, ResNet, images, loader, trained_statistics
from safetensors.torch import load_file, save_file

import ufm_networks
from ufm.support.checked_tensors import save_checked
from ufm_networks.observing.files import FORMAT


@pytest.fixture(scope="module", params=["all", "missing", "one task"])
def observed(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    x, y = images()
    model = trained_statistics(ResNet(bias=request.param != "missing").double(), x)
    if request.param == "missing":
        y[::3, 0] = -1
    if request.param == "one task":
        return ufm_networks.observe(model, loader(x, y[:, 0]), heads={"digit": "fc1"})
    return ufm_networks.observe(model, loader(x, y), heads=HEADS)


def test_there_and_back(observed: Any, tmp_path: Path) -> None:
    path = tmp_path / "observation.safetensors"
    observed.save(path)
    again = ufm_networks.load_observation(path)
    assert str(again) == str(observed)
    assert json.dumps(again.to_dict(), allow_nan=False) == json.dumps(observed.to_dict(), allow_nan=False)
    assert again.metrics().reasons == observed.metrics().reasons
    assert again.certify(weight_decay=1e-3).to_dict() == observed.certify(weight_decay=1e-3).to_dict()
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    np.testing.assert_array_equal(again.means, observed.means)


def test_results_are_json_and_tables(observed: Any) -> None:
    certificate, report = observed.certify(weight_decay=1e-3), observed.compare(weight_decay=1e-3)
    for result in (observed, certificate, report, observed.metrics(), observed.metrics(classic=True)):
        assert json.loads(json.dumps(result.to_dict(), allow_nan=False)) == result.to_dict()
        assert len(result.to_frame()) > 0
    frame = observed.to_frame()
    assert list(frame) == [*observed.tasks, "samples", "spread", "mean_norm"]
    assert frame[list(observed.tasks)].to_numpy().tolist() == observed.labels.tolist()
    assert frame["samples"].sum() == observed.samples
    squares = frame["samples"] * (frame["mean_norm"] ** 2 + frame["spread"])
    assert squares.sum() == pytest.approx(sum(observed.squares()), rel=1e-12)
    (row,) = certificate.to_frame().to_dict("records")
    assert (row["part"], row["objective"]) == ("all", certificate.objective)
    assert (row["lower_bound"], row["lambda_W"]) == (certificate.lower_bound, certificate.lambdas[0].lambda_W)


def test_of_samples_of_one_task_each_there_is_a_row_a_task() -> None:
    torch.manual_seed(0)
    x, y = images()
    y[::2, 0], y[1::2, 1] = -1, -1
    seen = ufm_networks.observe(trained_statistics(ResNet().double(), x), loader(x, y), heads=HEADS)
    certificate, reports = seen.certify(weight_decay=1e-3), seen.compare(weight_decay=1e-3)
    frame = certificate.to_frame().set_index("part")
    assert list(frame.index) == ["all", *seen.tasks]
    for column in ("objective", "means_objective", "lower_bound"):
        assert frame[column]["digit"] + frame[column]["colour"] == pytest.approx(frame[column]["all"], rel=1e-12)
    assert frame["objective"]["all"] == certificate.objective
    assert json.loads(json.dumps(reports.to_dict(), allow_nan=False)) == reports.to_dict()
    rows = reports.to_frame()
    assert set(rows["task"]) == set(seen.tasks)
    assert len(rows) == sum(len(report.rows) for report in reports.values())


def test_an_observation_stays_when_training_goes_on() -> None:
    x, y = images()
    model = trained_statistics(ResNet().double(), x)
    seen = ufm_networks.observe(model, loader(x, y), heads=HEADS)
    before = seen.W[0].copy(), seen.means.copy()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(1.0)
    np.testing.assert_array_equal(seen.W[0], before[0])
    np.testing.assert_array_equal(seen.means, before[1])


def test_a_changed_file_is_refused(observed: Any, tmp_path: Path) -> None:
    path = tmp_path / "observation.safetensors"
    observed.save(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged: its content does not match its SHA-256"):
        ufm_networks.load_observation(path)
    save_file({"x": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="not a saved observation of this program"):
        ufm_networks.load_observation(path)
    with pytest.raises(FileNotFoundError):
        ufm_networks.load_observation(tmp_path / "none.safetensors")
    with pytest.raises(TypeError, match="path must be a path"):
        ufm_networks.load_observation(3)  # type: ignore[arg-type]


CHANGES: list[tuple[str, Any, str]] = [
    ("counts", lambda x: x * 0, "counts"),
    ("labels", lambda x: x + 7, "outside"),
    ("labels", lambda x: x.flip(0), "in order"),
    ("means", lambda x: x * torch.nan, "means must be finite float64"),
    ("means", lambda x: x[1:], "means must have shape"),
    ("W.0", lambda x: x.float(), "W.0 must be finite float64"),
    ("spread", lambda x: -x, "spread ≥ 0"),
]


@pytest.mark.parametrize(("name", "change", "message"), CHANGES, ids=[f"{n} {m[:12]}" for n, _, m in CHANGES])
def test_a_file_with_a_digest_is_not_believed(
    observed: Any, tmp_path: Path, name: str, change: Any, message: str
) -> None:
    path = tmp_path / "observation.safetensors"
    observed.save(path)
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        text = file.metadata()["observation"]
    tensors = load_file(path)
    tensors[name] = change(tensors[name]).contiguous()
    save_checked(tensors, path, {"format": FORMAT, "observation": text})
    with pytest.raises(ValueError, match=message):
        ufm_networks.load_observation(path)
