"""Checks of an experiment's runs before the first is trained."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np

from ufm.support.tables import read_table
from ufm_networks.datasets.config import build_data
from ufm_networks.datasets.data_table import DataTable
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.experiments.experiment import Experiment, PlannedRun
from ufm_networks.experiments.measured_names import measured_names
from ufm_networks.measuring import measuring_device


def check_runs(experiment: Experiment) -> None:
    """Builds the data of every run, without reading images, and checks that the figure can be drawn from the runs.

    Raises FileNotFoundError if a data set is not on disk, which says what to do about it; ValueError or TypeError,
    naming the run, if its data cannot be composed, are not of the figure's kind, or have not a metric of it;
    ValueError for a device that is absent.
    """
    for device in {plan.config.train.device for plan in experiment.plans}:
        measuring_device(device)
    tables: list[dict[str, Any]] = []
    for plan in experiment.plans:
        if plan.config.data not in tables:
            tables.append(plan.config.data)
    for table in tables:
        plans = [plan for plan in experiment.plans if plan.config.data == table]
        try:
            channels = _channels(experiment, table)
            # without a mean and a deviation every image would be read for them
            plain = {} if "mean" in table or "std" in table else {"mean": [0.0] * channels, "std": [1.0] * channels}
            data, test = build_data(table | plain)
        except (ValueError, TypeError) as error:
            raise type(error)(f"run {plans[0].run!r}: {error}") from error
        for plan in plans:
            _check_metrics(plan, experiment.figure.metrics, data, test)
            match experiment.figure.kind:
                case "decoding":
                    _check_decoding(plan, data, test)
                case "cosine":
                    _check_cosine(plan, data)
                case "curves" | "table" | "report":  # of any data
                    pass
                case unknown:
                    assert_never(unknown)


def _channels(experiment: Experiment, table: dict[str, Any]) -> int:
    """Of the source's images."""
    data = read_table(DataTable, table)
    try:
        return data.load(train=True).images.shape[0]
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{experiment.name} needs data sets: {', '.join(experiment.sources)}. {error}. Or name their folder with "
            "--directory, or take a twin that needs no files with --source digits"
        ) from error


def _check_metrics(plan: PlannedRun, wanted: tuple[str, ...], data: TaskData, test: TaskData | None) -> None:
    names = measured_names(plan.config, data, test)
    for name in wanted:
        if name not in names:
            raise ValueError(f"figure.metrics: {name!r} is not measured in {plan.label}: {', '.join(names)}")


def _check_decoding(plan: PlannedRun, data: TaskData, test: TaskData | None) -> None:
    if data.kind != "multilabel" or test is None:
        raise ValueError(
            f"run {plan.run!r}: kind='decoding' needs label sets and test data, as data.compose='multi_label' makes, "
            f"got data {data.name!r}" + ("" if test is not None else " without test data")
        )


def _check_cosine(plan: PlannedRun, data: TaskData) -> None:
    """Two tasks of K classes, n^{kk} = n and n^{kl} = m, and a model beside the network."""
    model, train = plan.config.model, plan.config.train
    even = False
    if data.kind == "single" and len(data.classes) == 2 and data.classes[0] == data.classes[1]:
        counts = np.zeros(data.classes, dtype=np.int64)
        np.add.at(counts, tuple(data.labels.T), 1)
        same = np.eye(len(counts), dtype=bool)
        even = len(set(counts[same].tolist())) == 1 == len(set(counts[~same].tolist()))
    weighted = train.task_weights is not None and any(c != 1 for c in train.task_weights)
    decayed = train.feature_decay is not None or bool(train.weight_decay)
    if not even or weighted or not decayed or model.heads != "learned" or train.loss != "cross-entropy":
        raise ValueError(
            f"run {plan.run!r}: kind='cosine' needs two tasks of equally many classes with counts {{same = n, "
            "different = m}, task weights of 1, some decay, cross-entropy and learned heads; got data "
            f"{data.name!r}, heads={model.heads!r}, loss={train.loss!r}, task_weights={train.task_weights}, "
            f"weight_decay={train.weight_decay}"
        )
