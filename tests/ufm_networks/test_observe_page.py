"""The page of an observed model: its numbers are those of the observation, in one task, several, and Problem (4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from chromium import WIDTHS, browser, opened, overflow
from plain_models import HEADS, ResNet, images, loader, trained_statistics

import theory
import ufm_networks
import verify
from ufm_networks.cli.measure_command import Measure


def observed(kind: str) -> Any:
    torch.manual_seed(0)
    x, y = images()
    model = trained_statistics(ResNet(bias=kind != "no bias").double(), x)
    if kind == "apart":
        y[::2, 0], y[1::2, 1] = -1, -1
    if kind == "one task":
        return ufm_networks.observe(model, loader(x, y[:, 0]), heads={"digit": "fc1"})
    return ufm_networks.observe(model, loader(x, y), heads=HEADS)


def words(folder: Path) -> str:
    return " ".join((folder / "measure.md").read_text().split())


@pytest.mark.parametrize("kind", ["all", "apart", "one task", "no bias"])
@pytest.mark.usefixtures("undrawn")
def test_a_page(kind: str, tmp_path: Path) -> None:
    seen = observed(kind)
    page = seen.report(tmp_path, weight_decay=0.05, name="mine")
    text, html = (tmp_path / "measure.md").read_text(), page.read_text()
    assert "mine: (F − min F) / F of the model beside it is" in text
    assert html.count('class="sheet') >= 1
    assert 'class="space"' in html
    assert ("Task digit:" in text) == (kind == "apart")
    assert ("none (no bias)" in text) == (kind == "no bias")
    told = json.loads((tmp_path / "measure.json").read_text())["observation"]
    certificate = seen.certify(weight_decay=0.05)
    whole = sum(gap["points"][0]["objective"] for gap in told["gaps"])
    means = sum(gap["points"][1]["objective"] for gap in told["gaps"])
    assert whole == pytest.approx(certificate.objective, rel=1e-12)
    assert means == pytest.approx(certificate.means_objective, rel=1e-12)
    assert {gap["optimum"]["verdict"] for gap in told["gaps"]} == {"global minimum"}
    metrics = {name: value for name, value in told["metrics"].items() if value is not None}
    assert metrics == pytest.approx(
        {name: value for name, value in seen.metrics(classic=True).items() if value == value}
    )
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"run-1-heads.png", "run-1-heads.svg"}


def test_what_is_missing_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        observed("all").report(tmp_path / "file", weight_decay=0.05)


@pytest.mark.usefixtures("undrawn")
def test_a_file_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.safetensors"
    observed("all").save(file)
    assert Measure(runs=(file,), output=tmp_path / "page", weight_decay=0.05).run() == 0
    told = capsys.readouterr().out
    assert "N wd / 2 with N = 90, wd = 0.05" in told
    assert "mine: (F − min F) / F" in (tmp_path / "page" / "measure.md").read_text()
    assert "SNC1 and MNC1 are in squared units" in words(tmp_path / "page")
    with pytest.raises(ValueError, match="measured by itself"):
        Measure(runs=(file, file), weight_decay=0.05, output=tmp_path).run()


@pytest.mark.usefixtures("undrawn")
def test_any_model_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen, file = observed("all"), tmp_path / "mine.safetensors"
    seen.save(file)
    options: dict[str, Any] = {"lambda_W": 0.5, "lambda_b": 0.0, "loss": ("squared-error", "cross-entropy")}
    assert Measure(runs=(file,), output=tmp_path / "page", json=True, **options).run() == 0
    told = json.loads(capsys.readouterr().out)
    certificate = seen.certify(lambdas=(None, 0.5, 0.0), loss=options["loss"])
    assert told["certificate"] == certificate.to_dict()
    assert told["observation"] == seen.to_dict()
    assert Path(told["page"]).read_text().startswith("<!")
    text = words(tmp_path / "page")
    assert "squared-error" in text
    assert "Undefined: self duality: several tasks" in text
    for part in ("Collapse over epochs", "Latent features of each task", "Where each task looks", "in the plane"):
        assert part in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": ("squared-error",)}, "--loss needs a model, whose λ's come from --weight-decay"),
        ({"lambda_W": 0.1}, "--lambda-b is missing beside --lambda-W"),
        ({"lambda_H": 0.1, "lambda_b": 0.1}, "--lambda-W is missing beside --lambda-H"),
        ({"lambda_W": 0.1, "weight_decay": 0.1}, "one of the two"),
        ({"weight_decay": 0.1, "loss": ("squared",)}, "did you mean 'squared-error'"),
        ({"lambda_W": 0.1, "lambda_b": -1.0}, "--lambda-b must be finite and ≥ 0"),
        ({"device": "cpu"}, "--device is for runs"),
        ({"seed": 3}, "--seed is for runs"),
    ],
)
def test_flags_of_an_observation(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    observed("all").save(file)
    with pytest.raises(ValueError, match=message):
        Measure(runs=(file,), output=tmp_path / "page", **options).run()


@pytest.mark.parametrize("kind", ["all", "apart"])
@pytest.mark.usefixtures("undrawn")
def test_without_lambdas_there_is_no_model(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen, file = observed(kind), tmp_path / "mine.safetensors"
    seen.save(file)
    assert Measure(runs=(file,), output=tmp_path / "page").run() == 0
    assert "no λ's, so no certificate" in capsys.readouterr().out
    text = words(tmp_path / "page")
    assert "No λ's are given, so there is no model to compare with." in text
    assert "pinv NC1" in text
    told = json.loads((tmp_path / "page" / "measure.json").read_text())["observation"]
    assert told["gaps"] == told["lambdas"] == []
    assert told["heads"]["optimum_cosines"] is None
    assert Measure(runs=(file,), output=tmp_path / "page", json=True).run() == 0
    assert json.loads(capsys.readouterr().out)["certificate"] is None
    with pytest.raises(ValueError, match="loss='squared-error' needs a model, and so weight_decay="):
        seen.report(tmp_path / "page", loss="squared-error")


@pytest.mark.parametrize("options", [{"weight_decay": 0.1}, {"lambda_b": "none"}, {"json": True}])
def test_a_run_takes_no_flags_of_an_observation(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a run has its own"):
        Measure(runs=(tmp_path,), output=tmp_path, **options).run()


@pytest.mark.usefixtures("undrawn")
def test_two_tasks_of_equal_classes_are_on_the_curve_of_cosines(tmp_path: Path) -> None:
    """Theorem 5.1 at the λ's in effect, from an observation as from a run."""
    torch.manual_seed(0)
    y = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).repeat(12, 1)
    y = torch.cat([y, torch.tensor([[0, 0], [1, 1]]).repeat(10, 1)])
    x = torch.randn(len(y), 1, 6, 6, dtype=torch.float64)
    model = trained_statistics(ResNet(classes=(2, 2)).double(), x)
    seen = ufm_networks.observe(model, loader(x, y), heads=HEADS)
    seen.report(tmp_path, weight_decay=0.01)
    text = (tmp_path / "measure.md").read_text()
    found = seen.certify(weight_decay=0.01).lambdas[0]
    cosine = theory.task_correlation_cosine(22, 12, found.lambda_H, found.lambda_W)
    assert "Heads of two tasks against how often their labels agree" in text
    assert f"{cosine:.4f}" in text
    assert (tmp_path / "figures" / "correlation-1.svg").exists()


def test_a_comparison_has_the_samples_metrics() -> None:
    """SNC1 of label means would be 0 by itself."""
    report = observed("all").compare(weight_decay=0.05)
    (row,) = [row for row in report.rows if row.check == "SNC1"]
    assert row.measured == report.metrics["SNC1"] > 1e-3
    assert report.certificate.verdict != "global minimum"


def test_a_theorem_fails_at_a_network_that_has_not_collapsed() -> None:
    """Balanced labels, so that a theorem covers the problem and SNC1 is judged."""
    torch.manual_seed(0)
    y = torch.cartesian_prod(torch.arange(3), torch.arange(4)).repeat(5, 1)
    x = torch.randn(len(y), 1, 6, 6, dtype=torch.float64)
    model = trained_statistics(ResNet().double(), x)
    seen = ufm_networks.observe(model, loader(x, y), heads=HEADS)
    report = seen.compare(weight_decay=0.02)
    assert report.prediction.theorem == "Theorem B.2"
    (row,) = [row for row in report.rows if row.check == "features equal the mean of their label"]
    problem = seen.problem(**seen.certify(weight_decay=0.02).lambdas[0].settings())
    W, b = [model.fc1.weight, model.fc2.weight], [model.fc1.bias, model.fc2.bias]
    means = verify.certify(problem, W=W, b=b, H=seen.means)
    within = problem.lambda_H * len(y) * seen.metrics()["SNC1"]
    assert row in report.failures
    assert row.measured == pytest.approx((within / means.objective) ** 0.5, rel=1e-9)


def test_the_page_in_a_browser(tmp_path: Path) -> None:
    name = "</script><script>document.title = 'taken'</script>"
    page = observed("all").report(tmp_path, weight_decay=0.05, name=name)
    with browser() as chromium:
        for width in WIDTHS:
            with opened(chromium, page, width) as shown:
                assert overflow(shown) == 0
                assert shown.title() == "Networks beside the unconstrained feature model"
                assert name in shown.inner_text("main")
                assert shown.evaluate("document.querySelector('canvas').width") > 300
