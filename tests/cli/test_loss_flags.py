"""Losses and biases from flags: what problem they state, what a report says of it, and which are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import run

import ufm
from verify.cli.problem_options import ProblemOptions

pytestmark = pytest.mark.usefixtures("in_a_folder_of_its_own")

LAMBDAS = ["--lambda-H", "0.05", "--lambda-W", "0.04"]
KINDS = {
    "single": ["--classes", "3", "2", "--samples", "4"],
    "multi": ["--classes", "3", "2", "--samples", "4", "--multi-source"],
    "multilabel": ["--classes", "3", "--multi-label", "--samples-by-multiplicity", "1:4", "2:2"],
}


def test_what_the_flags_state() -> None:
    given = {"classes": (3, 2), "samples": (4,)}
    problem = ProblemOptions(**given).build()
    assert problem.loss == "cross-entropy"
    assert problem.lambda_b == 5e-4
    problem = ProblemOptions(**given, loss=("squared-error",), lambda_b="none").build()
    assert problem.loss == "squared-error"
    assert problem.lambda_b is None
    problem = ProblemOptions(**given, loss=("squared-error", "binary-cross-entropy"), lambda_b=0.0).build()
    assert problem.losses == ("squared-error", "binary-cross-entropy")
    assert problem.lambda_b == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
@pytest.mark.parametrize(("lambda_b", "bias"), [("0.05", "penalized"), ("0", "free"), ("none", "none")])
def test_solved_and_certified(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, loss: str, lambda_b: str, bias: str
) -> None:
    assert run(monkeypatch, "solve", *KINDS[kind], *LAMBDAS, "--loss", loss, "--lambda-b", lambda_b) == 0
    out = capsys.readouterr().out
    assert "global minimum" in out
    assert f"sum of {loss}" in out
    assert {"penalized": "0.04, 0.05", "free": "0 (free bias)", "none": "none (no bias)"}[bias] in out


@pytest.mark.parametrize(
    ("flags", "losses", "bias", "shown"),
    [
        (["--loss", "squared-error", "--lambda-b", "none"], ["squared-error"] * 2, "none", "0.05, 0.04, none"),
        (["--loss", "binary-cross-entropy", "--lambda-b", "0"], ["binary-cross-entropy"] * 2, "free", "0.05, 0.04, 0"),
        (
            ["--loss", "squared-error", "cross-entropy", "--lambda-b", "0.5"],
            ["squared-error", "cross-entropy"],
            "penalized",
            "0.05, 0.04, 0.5",
        ),
    ],
)
def test_reports_say_loss_and_bias(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    losses: list[str],
    bias: str,
    shown: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run(monkeypatch, "verify", *KINDS["single"], *LAMBDAS, *flags) == 0
    problem = json.loads(Path("report/report.json").read_text())["cases"][0]["problem"]
    assert problem["loss"] == losses
    assert problem["bias"] == bias
    assert problem["lambda_b"] == {"none": None, "free": 0, "penalized": 0.5}[bias]
    names = ", ".join(dict.fromkeys(losses))
    page = Path("report/report.html").read_text(encoding="utf-8")
    for text in (page, Path("report/report.txt").read_text(encoding="utf-8"), capsys.readouterr().out):
        assert names in text
        assert shown in text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--loss", "squared-eror"], "--loss='squared-eror' is not known; did you mean 'squared-error'"),
        (["--loss", "squared-error", "cross-entropy", "squared-error"], "2 names, one per task, got 3"),
        (["--lambda-b", "-1"], "--lambda-b must be finite and ≥ 0, or none, got -1"),
        (["--lambda-b", "free"], "--lambda-b"),
    ],
)
def test_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert run(monkeypatch, "solve", *KINDS["single"], *LAMBDAS, *flags) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_figures_of_another_loss(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "figure", "61", "--loss", "squared-error", "--points", "2") == 0
    assert "law of K = 3 classes under squared-error" in capsys.readouterr().out
    assert Path("figures/figure-61-squared-error.svg").exists()
    assert run(monkeypatch, "figure", "61", "--loss", "squared") == 2
    assert "did you mean 'squared-error'" in capsys.readouterr().err
    assert run(monkeypatch, "figure", "61", "--loss", "binary-cross-entropy") == 2
    assert "'cross-entropy', 'squared-error', got 'binary-cross-entropy'" in capsys.readouterr().err


def test_of_the_same_problem_as_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--loss", "squared-error", "--lambda-b", "0", "--save", "solution.safetensors"]
    assert run(monkeypatch, "solve", *KINDS["single"], *LAMBDAS, *flags) == 0
    problem = ufm.SingleSource.balanced((3, 2), 4, loss="squared-error", lambda_H=0.05, lambda_W=0.04, lambda_b=0)
    assert ufm.load("solution.safetensors").objective == pytest.approx(ufm.solve(problem).objective, rel=1e-10)
