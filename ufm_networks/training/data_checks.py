"""Checks of a run's data before training."""

from __future__ import annotations

import numpy as np

from ufm_networks.datasets.pairs import require_pairs
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.training.config import Config
from ufm_networks.training.config_checks import check_tasks


def check_given(data: object, test: object) -> None:
    """Raises TypeError or ValueError if data in place of the [data] table are not TaskData, or are test data alone."""
    for name, value in (("data", data), ("test", test)):
        if value is not None and not isinstance(value, TaskData):
            raise TypeError(f"{name} must be a ufm_networks.datasets.TaskData, got a {type(value).__name__}")
    if data is None and test is not None:
        raise ValueError("test is given without data; the [data] table says both, or both are given")


def check_data(config: Config, data: TaskData, test: TaskData | None) -> None:
    """Raises ValueError if a run cannot be trained on the data or tested on the test data."""
    for t, counts in enumerate(data.class_counts):
        if not counts.all():
            raise ValueError(
                f"data {data.name!r}: class {int(np.argmin(counts))} of task {t} has no sample; every class needs one"
            )
    if config.train.latent_metrics:
        require_pairs(data, "latent_metrics=true: ")
    check_tasks(config.model, config.train, data.kind == "multilabel", data.classes)
    if len(data) < 2:
        raise ValueError(f"data {data.name!r} has {len(data)} sample; batch normalization needs 2")
    if test is not None:
        _check_test(data, test)


def _check_test(data: TaskData, test: TaskData) -> None:
    if (test.classes, test.kind) != (data.classes, data.kind):
        raise ValueError(
            f"test data has classes {test.classes} ({test.kind}), training data {data.classes} ({data.kind})"
        )
    if test.images.shape != data.images.shape:
        raise ValueError(
            f"test images are {test.images.shape}, training images {data.images.shape}; both must be alike"
        )
    for t, counts in enumerate(test.class_counts):
        if not counts.any():
            raise ValueError(f"test data {test.name!r} has no sample of task {t}, so its accuracy is undefined")
