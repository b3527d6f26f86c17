"""The names of the metrics that a run will measure, known from its data before training."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np

import ufm
from ufm_networks.datasets.task_data import Kind, TaskData
from ufm_networks.features.latent_metrics import COLUMNS
from ufm_networks.training.config import Config
from verify._metrics import metrics

LAMBDAS: Any = {"lambda_H": 1.0, "lambda_W": 1.0, "lambda_b": 1.0}


def measured_names(config: Config, data: TaskData, test: TaskData | None) -> list[str]:
    """The columns of ``Run.history``."""
    tasks = range(1, len(data.classes) + 1) if len(data.classes) > 1 else ()
    accuracies = ["accuracy", *(f"accuracy_{t}" for t in tasks)]
    return [
        *("epoch", "learning_rate", "loss"),
        *(f"{name}_{t}" for name in ("loss", "weight") for t in tasks),
        *(["penalty"] if config.train.feature_decay is not None else []),
        *("seconds", "images_per_second"),
        *accuracies,
        *([f"test_{name}" for name in accuracies] if test is not None else []),
        *(COLUMNS if config.train.latent_metrics else ()),
        *_collapse_metrics(data.kind),
    ]


def _collapse_metrics(kind: Kind) -> list[str]:
    """Names from ``verify.metrics`` itself, measured on the smallest problem of that kind."""
    pairs, heads = [[1, 1], [1, 1]], [np.eye(2)] * 2
    match kind:
        case "single":
            return list(metrics(ufm.SingleSource(pairs, **LAMBDAS), W=heads, H=np.eye(2, 4)))
        case "multi":
            return list(metrics(ufm.MultiSource(pairs, **LAMBDAS), W=heads, H=heads))
        case "multilabel":
            label_sets = ufm.MultiLabel({(0,): 1, (1,): 1}, classes=2, **LAMBDAS)
            return list(metrics(label_sets, W=heads[:1], H=np.eye(2)))
        case unknown:
            assert_never(unknown)
