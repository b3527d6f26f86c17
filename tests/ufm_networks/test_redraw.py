"""Results are drawn anew from the numbers beside them."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ufm.support.bounded_json import parse_json
from ufm_networks.reproduction import _redraw as module
from ufm_networks.reproduction import redraw

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    figures: list[Any] = []
    monkeypatch.setattr(module, "drawn", lambda figure, kind: figures.append(figure) or b"")
    copy = shutil.copytree(RESULTS / folder, Path("copy"))
    assert redraw(copy, ["png"]) == [copy / "figure.png"]
    return figures[0]


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_curves_are_means_and_bands_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(Path("multi-digits-2-2"), monkeypatch)
    axes = figure.axes[6 + 3]  # the second data set's fourth metric
    assert axes.get_title() == "SNC3"
    rows = list(csv.DictReader(Path("copy/metrics.csv").read_text(encoding="utf-8").splitlines()))
    line = {line.get_label(): line.get_xydata() for line in axes.lines}["final ReLU"]
    for epoch, value in line[::20]:
        seeds = [
            float(row["SNC3"])
            for row in rows
            if (row["panel"], row["run"], row["epoch"]) == ("weight decay", "final ReLU", f"{epoch:.0f}")
        ]
        assert len(seeds) == 3
        assert value == pytest.approx(np.mean(seeds))
    assert len({line.get_linestyle() for line in axes.lines}) == len(axes.lines) == len(axes.collections) == 2


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_cosines_are_those_of_the_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(Path("mnist-5000/figure-60"), monkeypatch)
    rows = parse_json(Path("copy/summary.json").read_text(encoding="utf-8"))["cosines"]
    for axes, panel in zip(figure.axes, ("no final ReLU", "final ReLU"), strict=True):
        points = axes.containers[0].lines[0].get_xydata()
        own = [(row["n_same"], row["mean"]) for row in rows if row["panel"] == panel]
        np.testing.assert_array_equal(points, own)
        law = next(line for line in axes.lines if line.get_label().startswith("closed form")).get_xydata()
        closed = [(row["n_same"], np.mean(row["closed_form"])) for row in rows if row["panel"] == panel]
        np.testing.assert_allclose(np.interp([n for n, _ in closed], *law.T), [c for _, c in closed], atol=0.01)


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_what_cannot_be_drawn_is_named() -> None:
    folder = shutil.copytree(RESULTS / "table-4", Path("copy"))
    with pytest.raises(ValueError, match="'copy' holds kind='table', which has no figure"):
        redraw(folder)
