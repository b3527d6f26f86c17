"""What the report of measured runs says where something is zero, weighted or hidden."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_data import tables, toy

from ufm_networks.cli.measure_command import Measure
from ufm_networks.measuring import Measurement, measure_run
from ufm_networks.measuring.saliency import Saliency
from ufm_networks.report import compare_run, write_networks_report
from ufm_networks.report.saliency_figure import saliency_figure, saliency_file
from ufm_networks.report.training_figure import training_figure
from ufm_networks.training import train

PAIRS: dict[str, Any] = {
    "source": "digits",
    "compose": "multi",
    "p": 2,
    "q": 2,
    "samples": 40,
    "replacement": True,
    "test": False,
}
STRONG: dict[str, Any] = {"feature_decay": {"lambda_H": 10.0, "lambda_W": 10.0, "lambda_b": 1.0}, "learning_rate": 1e-3}


@pytest.mark.usefixtures("undrawn")
def test_an_optimum_of_zero_has_no_cosines_and_the_page_says_so(tmp_path: Path) -> None:
    run = train({"data": PAIRS | {"balanced": True}, **tables(epochs=1, **STRONG)})
    compared = compare_run(measure_run(run, samples=10))
    assert np.isnan(compared.heads.mean_difference)
    for runs in ([compared], [compared, compared]):
        write_networks_report(runs, tmp_path)
        text = (tmp_path / "measure.md").read_text()
        assert "nan" not in text
        assert re.search(r"no\s+cosines\s+to\s+compare", text)
        assert "Open: the model's certified optimum" not in text  # none is drawn


@pytest.mark.usefixtures("undrawn")
def test_several_sources_are_summed_up_with_their_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = (4.0, 0.25)
    decay: dict[str, Any] = {"feature_decay": {"lambda_H": 2e-3, "lambda_W": 0.1, "lambda_b": 0.2}}
    data = {"source": "digits", "compose": "split", "classes": [3, 2], "test": False}
    changes = decay | {"weighting": "fixed", "task_weights": list(weights)}
    train({"data": data, **tables(epochs=1, **changes)}, tmp_path / "run")
    gaps = compare_run(measure_run(tmp_path / "run", samples=10)).gaps
    F, best = (
        sum(c * value for c, value in zip(weights, values, strict=True))
        for values in ([g.stages[0].objective for g in gaps], [g.optimum.objective for g in gaps])
    )
    assert Measure((tmp_path / "run",), output=tmp_path / "out", device="cpu", samples=10).run() == 0
    assert f"(F − min F) / F is {(F - best) / F:.3g};" in (tmp_path / "out" / "measure.md").read_text()
    told = capsys.readouterr().out
    for t, gap in enumerate(gaps, start=1):
        assert f"run, task {t}: F = {gap.stages[0].objective:.8g}," in told


def test_zeros_of_several_runs_do_not_hide_each_other() -> None:
    measured = measure_run(train(tables(epochs=2), data=toy()), samples=10)
    zero: Measurement = replace(measured, history=[row | {"SNC5": 0.0} for row in measured.history])
    figure = training_figure([zero, zero, zero], ["a", "b", "c"])
    (axes,) = [axes for axes in figure.axes if axes.get_title() == "SNC5"]
    heights = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "v"]
    assert len(heights) == 3
    assert np.diff(sorted(heights)).min() > 0.03


def test_a_value_between_two_zeros_is_drawn() -> None:
    measured = measure_run(train(tables(epochs=5), data=toy()), samples=10)
    values = [0.5, 0.4, 0.0, 0.005, 0.0]
    history = [row | {"SNC5": value} for row, value in zip(measured.history, values, strict=True)]
    figure = training_figure([replace(measured, history=history)], ["run"])
    (axes,) = [axes for axes in figure.axes if axes.get_title() == "SNC5"]
    points = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "."]
    assert points == [[[4.0, 0.005]]]


@pytest.mark.usefixtures("undrawn")
def test_names_of_runs_are_not_broken_and_figures_keep_a_size_to_read(tmp_path: Path) -> None:
    run = compare_run(measure_run(train(tables(epochs=1), data=toy()), samples=10))
    page = write_networks_report([replace(run, measured=replace(run.measured, name="a-b-c-d"))] * 2, tmp_path)
    text = page.read_text()
    assert text.count("<h2>Run a-b-c-d (") == 2
    assert re.search(r'<td class="short">SNC2-1', text)
    assert text.count("<figure>") == text.count('<div class="sheet') > 0


def boxes(figure: Any) -> list[Any]:
    """Of the titles that there are, from left to right."""
    figure.draw_without_rendering()
    shown = [axes.title for axes in figure.axes if axes.get_title()]
    return sorted((title.get_window_extent() for title in shown), key=lambda box: box.x0)


@pytest.mark.parametrize("label", [[1] * 9, [9, 9, 9, 9], [99, 99, 99], [0]])
def test_labels_of_many_tasks_do_not_run_into_each_other(label: list[int]) -> None:
    tasks = min(4, len(label))
    maps, images = np.zeros((8, tasks, 8, 8)), np.zeros((8, 1, 8, 8), dtype=np.uint8)
    shown = Saliency(images, np.array([label] * 8), maps, np.eye(tasks), 8, (2, 2))
    placed = boxes(saliency_figure(shown))
    assert len(placed) == 8
    assert all(left.x1 < right.x0 for left, right in pairwise(placed))


def test_maps_of_one_pixel_are_not_compared() -> None:
    data = toy()  # of 8 × 8 pixels, of which a ResNet leaves one
    run = train(tables(epochs=1), data=data)
    found = measure_run(run, samples=10).saliency
    assert found is not None
    assert found.resolution == (1, 1)
    assert "cannot tell where a task looks" in saliency_file(found, "maps").caption
    assert "Cosine between the maps" not in saliency_file(found, "maps").caption
    assert "Cosine between the maps" in saliency_file(replace(found, resolution=(2, 2)), "maps").caption


@pytest.mark.usefixtures("undrawn")
def test_what_cancels_is_not_defined_in_words(tmp_path: Path) -> None:
    """μ̃^L + μ̃^R of opposite directions, and maps of a task that looks nowhere."""
    run = train({"data": PAIRS | {"balanced": True}, **tables(epochs=1)})
    compared = compare_run(measure_run(run, samples=10))
    (of,) = compared.latents.values()
    maps = compared.measured.saliency
    assert maps is not None
    assert np.isfinite(of.metrics.sums).all()
    blind = replace(maps, overlap=np.full_like(maps.overlap, np.nan), resolution=(2, 2))
    undefined = replace(
        compared,
        latents={"training": replace(of, metrics=replace(of.metrics, sums=(np.nan, np.nan)))},
        measured=replace(compared.measured, saliency=blind),
    )
    write_networks_report([undefined], tmp_path)
    text = (tmp_path / "measure.md").read_text()
    assert "nan" not in text
    assert "is not defined: of some label pair" in " ".join(text.split())
    assert "tasks 1 and 2: none, for one of them is always zero" in " ".join(text.split())


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("kind", ["single", "multi", "multilabel"])
def test_features_that_are_all_zero_are_reported(kind: str, tmp_path: Path) -> None:
    """As a strong λ_H makes them, or a last ReLU that nothing passes."""
    decay = {"lambda_H": 1e-2, "lambda_W": 0.1, "lambda_b": 0.1}
    run = train(tables(epochs=1, feature_decay=decay), data=toy(kind))
    with torch.no_grad():
        for parameter in run.network.backbone.parameters():
            parameter.zero_()
    compared = compare_run(measure_run(run, samples=10))
    for gap in compared.gaps:
        assert np.isnan(gap.balance)
        assert {gap.squares[name] for name in ("total", "within labels", "not read", "offset")} == {0.0}
        assert gap.stages[0].objective == pytest.approx(gap.stages[2].objective)
    write_networks_report([compared], tmp_path)
    assert "nan" not in (tmp_path / "measure.md").read_text()
