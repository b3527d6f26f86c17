"""What the figures of measured and reproduced runs show: whole epochs, single points, labels of all classes, order."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_data import tables, toy

from ufm_networks.datasets.images import ArrayImages
from ufm_networks.experiments import read_experiment, train_experiment
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.measuring import Measurement, measure_run
from ufm_networks.measuring.saliency import EXAMPLES, saliency
from ufm_networks.report.embedding_figure import embedding_figure
from ufm_networks.report.training_figure import training_figure
from ufm_networks.reproduction import curves
from ufm_networks.training import train
from ufm_networks.training.config import read_config
from ufm_networks.training.run import build_network

ONE_RUN = """
[figure]
title = "Lines"
kind = "curves"
metrics = ["SNC1"]
[data]
source = "digits"
compose = "multi"
p = 2
q = 2
samples = 40
replacement = true
[model]
width = 2
[train]
epochs = 1
device = "cpu"
[[runs]]
name = "one"
"""


@cache
def of_epochs(epochs: int) -> Measurement:
    return measure_run(train(tables(epochs=epochs), data=toy()), samples=10)


@pytest.mark.parametrize("epochs", [1, 2])
def test_there_is_no_epoch_between_two(epochs: int) -> None:
    figure = training_figure([of_epochs(epochs)], ["run"])
    figure.draw_without_rendering()
    for axes in figure.axes:
        if axes.get_visible():
            ticks = axes.get_xticks()
            assert np.array_equal(ticks, np.round(ticks))


@pytest.mark.parametrize("ends", [(0.097, 0.152), (0.9, 1.1), (0.03, 0.12), (2e-3, 7e-3), (0.05, 0.6), (1e-9, 5.0)])
def test_an_axis_has_numbers_to_read_it_by(ends: tuple[float, float]) -> None:
    measured = of_epochs(2)
    history = [row | {"SNC1": value} for row, value in zip(measured.history, ends, strict=True)]
    figure = training_figure([replace(measured, history=history)], ["run"])
    figure.draw_without_rendering()
    (axes,) = [axes for axes in figure.axes if axes.get_title() == "SNC1"]
    low, high = axes.get_ylim()
    read = [label for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True) if low <= tick <= high]
    assert len([label for label in read if label.get_text()]) >= 2


def test_a_single_epoch_is_a_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(ONE_RUN)
    experiment = read_experiment(tmp_path / "mine.toml")
    drawn: list[Any] = []
    monkeypatch.setattr(curves, "figure_file", lambda _name, figure, *_: drawn.append(figure))
    for epochs in (1, 2):
        changed = experiment.changed(epochs=epochs)
        curves.curves_file(changed, train_experiment(changed, tmp_path / "runs"))
        (line,) = drawn[-1].axes[0].lines
        assert line.get_marker() == "o"  # a line through one point is not seen
        assert line.get_markevery()[0] == 0
        ticks = drawn[-1].axes[0].get_xticks()
        assert np.array_equal(ticks, np.round(ticks))


def test_where_labels_are_many_maps_are_of_labels_spread_over_all() -> None:
    data = toy(samples=50)
    labels = np.stack(np.divmod(np.arange(50) % 25, 5), axis=1)
    data = replace(data, labels=labels, classes=(5, 5))
    shown = saliency(NetworkFeatures(build_network(read_config(tables()), data), data, torch.device("cpu")))
    assert len(shown.labels) == EXAMPLES
    assert len(np.unique(shown.labels, axis=0)) == EXAMPLES
    for t in range(2):
        assert len(np.unique(shown.labels[:, t])) == 5


def test_label_sets_are_named_by_size_and_then_by_members() -> None:
    rng = np.random.default_rng(0)
    sets = np.array([[0, 0, 1], [1, 1, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 0, 1]])
    labels = sets[np.arange(60) % 6].astype(np.int64)
    images = ArrayImages(rng.integers(0, 256, (60, 1, 8, 8)).astype(np.uint8))
    data = replace(toy("multilabel"), labels=labels, images=images)
    placed = measure_run(train(tables(epochs=1), data=data), samples=60).embedding
    axes = embedding_figure(placed, "multilabel").axes[0]
    names = ["{1}", "{2}", "{3}", "{1, 2}", "{1, 3}", "{2, 3}"]
    assert [points.get_label() for points in axes.collections] == names
    for points, name in zip(axes.collections, names, strict=True):
        members = np.isin(np.arange(3), [int(k) - 1 for k in name.strip("{}").split(", ")]).astype(int)
        own = placed.principal[(placed.labels == members).all(axis=1)]
        assert np.array_equal(np.asarray(points.get_offsets()), own)
