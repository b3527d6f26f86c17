"""Everything about a trained network that is compared with theory, measured from its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ufm.losses import LossName
from ufm.support import validation
from ufm_networks.datasets.pairs import can_be_halved
from ufm_networks.datasets.task_data import Kind
from ufm_networks.features.half_images import HalfImages, half_images
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.measuring.embedding import Embedding, embedding
from ufm_networks.measuring.point import NetworkPoint, network_point
from ufm_networks.measuring.run_history import checked_history
from ufm_networks.measuring.saliency import Saliency, saliency
from ufm_networks.training.config import Config
from ufm_networks.training.logs import Row
from ufm_networks.training.run import Run, load_run

SAMPLES = 1000  # placed in the plane


@dataclass(frozen=True)
class Measurement:
    """A run in plain arrays and numbers, on its training data unless stated.

    name      of the run's folder, or of its data
    data      name of the data; kind and classes as ``TaskData``'s
    labels    (N, T) or (N, K), as ``TaskData.labels``
    has_bias  whether the heads have one
    history   one row an epoch
    point     label means, sums and heads
    halves    of pairs of images: "training" and, where there are some, "test" data
    saliency  Grad-CAM++ maps; None if samples are not of every task
    embedding features in the plane
    """

    name: str
    data: str
    kind: Kind
    classes: tuple[int, ...]
    labels: NDArray[np.int64]
    config: Config
    feature_dim: int
    has_bias: bool
    history: list[Row]
    point: NetworkPoint
    halves: dict[str, HalfImages]
    saliency: Saliency | None
    embedding: Embedding


def open_run(run: Run | str | Path) -> Run:
    """The run in a folder, or the run itself, with its history checked before long work.

    Raises FileNotFoundError or ValueError naming the file: no run, no checkpoint, one of another model, damaged
    metrics.
    """
    if not isinstance(run, Run):
        run = load_run(run)
    checked_history(run)
    return run


def measuring_device(device: str) -> torch.device:
    """The device of a name; "auto" is CUDA where there is one. Raises ValueError for a device that is absent."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return validation.device(device)


def measure_run(run: Run | str | Path, *, device: str = "cpu", samples: int = SAMPLES, seed: int = 0) -> Measurement:
    """Measures a run in a few passes over its data; at most ``samples`` features are kept.

    device   "cpu", "cuda" or "auto"
    samples  the number of samples placed in the plane by principal components and t-SNE, drawn by ``seed``

    Raises as ``open_run``; ValueError if a feature is not finite; ModuleNotFoundError without scikit-learn.
    """
    samples = validation.whole_number("samples", samples, 2)
    seed = validation.whole_number("seed", seed, 0, 2**32 - 1)
    run = open_run(run)
    place = measuring_device(device)
    network = run.network
    home = next(network.parameters()).device
    try:
        return _measure(run, place, samples, seed)
    finally:
        network.to(home)


def _measure(run: Run, place: torch.device, samples: int, seed: int) -> Measurement:
    config, data, network = run.config, run.data, run.network
    features = NetworkFeatures(network, data, place)
    loss: LossName = "cross-entropy" if config.train.loss == "dot-regression" else config.train.loss
    halves = {"training": data, "test": run.test}
    return Measurement(
        name=data.name if run.folder is None else run.folder.name,
        data=data.name,
        kind=data.kind,
        classes=data.classes,
        labels=data.labels,
        config=config,
        feature_dim=network.feature_dim,
        has_bias=all(head.bias is not None for head in network.heads),
        history=checked_history(run),
        point=network_point(features, config.train.task_weights, loss),
        halves={
            name: half_images(network, part, place)
            for name, part in halves.items()
            if part is not None and can_be_halved(part)
        },
        saliency=saliency(features) if data.kind == "single" else None,
        embedding=embedding(features, samples, seed),
    )
