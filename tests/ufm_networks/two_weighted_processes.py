"""Trains the toy data under weightings that differ in what they add up over processes; started by torchrun."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from toy_data import tables, toy

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.training import train

RUNS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "uncertainty": ("uncertainty", "single", {}),
    "famo": ("famo", "single", {}),
    "famo of several sources": ("famo", "multi", {}),
    "pcgrad": ("pcgrad", "multi", {}),
    "mgda": ("mgda", "single", {"gradients": "features"}),
    "mgda of several sources": ("mgda", "multi", {}),
}
"""name: weighting, kind of data, options."""


def data(kind: str) -> TaskData:
    """Of several sources, four samples of the second task for six batches: two of these at least hold none."""
    whole = toy(kind)
    if kind == "single":
        return whole
    first, second = (np.flatnonzero(column >= 0) for column in whole.labels.T)
    by_class = second[np.argsort(whole.labels[second, 1], kind="stable")]
    return whole.subset(np.sort(np.concatenate([first, by_class[:2], by_class[-2:]])))


def settings(name: str) -> dict[str, Any]:
    weighting, kind, options = RUNS[name]
    return tables(
        epochs=1 if kind == "multi" else 2,
        batch_size=8 if kind == "multi" else 16,
        weighting=weighting,
        weighting_options=options,
        feature_decay={"lambda_H": 1e-3, "lambda_W": 0.1, "lambda_b": 0.1},
        learning_rate=0.002 if kind == "multi" else 0.01,
        metrics_every=2,
    )


if __name__ == "__main__":
    for name, (_, kind, _) in RUNS.items():
        train(settings(name), Path(sys.argv[1]) / name, data=data(kind))
