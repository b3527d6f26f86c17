"""ufm figure heads, history and spectrum: of what ufm solve --save has written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from program import run

import ufm

PROBLEM = ufm.SingleSource.balanced((3, 2), 10, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
pytestmark = pytest.mark.usefixtures("in_a_folder_of_its_own")


def test_each_is_drawn_in_the_formats_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ufm.solve(PROBLEM).save("mine.safetensors")
    for name, formats in (("heads", ("pdf",)), ("history", ("svg", "png")), ("spectrum", ("pdf", "svg"))):
        assert run(monkeypatch, "figure", name, "mine.safetensors", "--format", *formats) == 0
        said = capsys.readouterr().out
        assert "mine.safetensors, global minimum, relative gap" in said
        assert all(f"written: figures/{name}-mine.{kind}" in said for kind in formats)
        assert {path.name for path in Path("figures").glob(f"{name}-*")} == {f"{name}-mine.{kind}" for kind in formats}
    assert Path("figures/heads-mine.pdf").read_bytes().startswith(b"%PDF")


def test_another_point_is_drawn_and_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    solution = ufm.solve(PROBLEM)
    replace(solution, W=[2 * W for W in solution.W]).save("moved.safetensors")
    assert run(monkeypatch, "figure", "spectrum", "moved.safetensors", "--format", "svg") == 1
    assert "moved.safetensors, not optimal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("heads", "mine.safetensors", "--format", "jpg"), "--format='jpg' is not known; did you mean 'png'?"),
        (("61", "--format", "eps"), "--format='eps' is not known; Valid: pdf, svg, png"),
        (("heads",), "ufm figure heads needs a solution, such as solution.safetensors"),
        (("heads", "absent.safetensors"), "absent.safetensors': no such file"),
        (("heads", "a.safetensors", "--points", "3", "--x", "n"), "--points, --x: not of heads; leave it out"),
    ],
)
def test_refused_before_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert run(monkeypatch, "figure", *arguments) == 2
    assert message in capsys.readouterr().err
    assert not Path("figures").exists()
