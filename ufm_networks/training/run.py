"""A run: its configuration, network, history and folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ufm.support.memory import require_memory
from ufm_networks.backbones import backbone
from ufm_networks.datasets.config import build_data as read_data
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.metrics import Measured
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.checkpoint import load_checkpoint, run_fingerprint
from ufm_networks.training.config import Config, read_config
from ufm_networks.training.data_checks import check_given
from ufm_networks.training.decay import ufm_lambdas
from ufm_networks.training.logs import Row

CONFIG, CHECKPOINT, METRICS, FEATURES = "config.toml", "checkpoint.pt", "metrics.csv", "features.safetensors"


@dataclass
class Run:
    """A run: what ``ufm_networks.train`` returns and ``ufm_networks.load_run`` reads.

    history   one row per epoch: epoch, learning_rate, loss, loss_t, seconds, images_per_second, and if measured
              accuracy, test_accuracy and the metrics of ``verify.metrics``
    measured  the last metrics with the label means they come from; None if loaded
    folder    config.toml, checkpoint.pt, metrics.csv, features.safetensors; None if nothing was written
    status    what happened, and how to go on
    """

    config: Config
    network: MultiTaskNetwork
    data: TaskData
    test: TaskData | None
    history: list[Row]
    folder: Path | None
    status: str
    interrupted: bool = False
    measured: Measured | None = None

    @property
    def epochs(self) -> int:
        """Epochs completed."""
        return len(self.history)

    @property
    def metrics(self) -> Row:
        """The last row with metrics."""
        return next((row for row in reversed(self.history) if "accuracy" in row), {})

    def problem(self) -> Any:
        """The ufm problem that the network was trained on.

        ValueError without feature_decay, which fixes λ_H, and for a weighting that changes c^t on the way.
        """
        train = self.config.train
        if train.feature_decay is None:
            raise ValueError("λ_H is not set without feature_decay; it is in effect λ_W ‖W‖² / ‖H‖²")
        if train.weighting not in ("uniform", "fixed"):
            raise ValueError(
                f"weighting={train.weighting!r} changes task weights on the way; no problem has been fixed"
            )
        if train.loss == "dot-regression":
            raise ValueError(f"loss={train.loss!r} is the loss of no model here")
        decay = ufm_lambdas(self.config, len(self.data))
        has_bias = self.config.model.heads == "learned" and self.config.model.bias is not False
        return self.data.problem(
            lambda_H=decay.lambda_H,  # type: ignore[arg-type]
            lambda_W=decay.lambda_W,
            lambda_b=decay.lambda_b if has_bias else None,
            loss=train.loss,
            task_weights=self.config.train.task_weights,
        )


def build_network(config: Config, data: TaskData) -> MultiTaskNetwork:
    """Builds the network of [model] for the data's images and classes, initialized with ``train.seed``.

    Raises MemoryError if it would not fit.
    """
    model = config.model
    channels, *size = data.images.shape
    arguments: dict[str, Any] = {
        "in_channels": channels,
        "stem": model.stem,
        "width": model.width,
        "feature_dim": sum(data.classes) if isinstance(model.feature_dim, str) else model.feature_dim,
        "final_relu": model.final_relu,
        "image_size": size,
        "batch_norm": model.batch_norm,
    }
    with torch.device("meta"):  # without memory for values, and without drawing any
        shared = backbone(model.backbone, **arguments)
        network = MultiTaskNetwork(shared, data.classes, heads=model.heads, bias=model.bias)
    parameters = sum(p.numel() for p in shared.parameters())
    what = f"width={model.width}: {model.backbone} with {parameters:,} parameters, their gradients and momenta"
    require_memory(3 * 4 * parameters, "cpu", what, "take a smaller width")
    network.to_empty(device="cpu")
    # a generator of its own: what other threads draw from PyTorch's global one neither changes the network nor is
    # changed by it
    network.initialize(torch.Generator().manual_seed(config.train.seed))
    return network


def build_data(config: Config) -> tuple[TaskData, TaskData | None]:
    """Training and test data of the [data] table."""
    if not config.data:
        raise ValueError("[data] is empty; it names the source and how tasks are composed, or give data=")
    return read_data(config.data)


def load_run(folder: str | Path, *, data: TaskData | None = None, test: TaskData | None = None) -> Run:
    """Loads the run in a folder at its last checkpoint, on the CPU and in evaluation mode.

    data, test  the data of training, if they are not those of the configuration's [data] table
    Raises FileNotFoundError or ValueError if the folder holds no run, a damaged one, or a configuration or data that
    its checkpoint was not trained with.
    """
    check_given(data, test)
    place = Path(folder)
    for name in (CONFIG, CHECKPOINT):
        if not (place / name).is_file():
            raise FileNotFoundError(
                f"run={str(place)!r} has no {name}; it is not the folder of a run, or has not begun"
            )
    config = read_config(place / CONFIG)
    if data is None:
        data, test = build_data(config)
    advice = f"put {CONFIG} back to what was trained, or name another folder"
    state = load_checkpoint(place / CHECKPOINT, run_fingerprint(config.tables(), data), "cpu", advice=advice)
    network = build_network(config, data)
    load_weights(network, state["network"], place / CHECKPOINT)
    network.eval()
    history = state["history"]
    status = f"{len(history)} of {config.train.epochs} epochs"
    return Run(config, network, data, test, history, place, status)


def load_weights(network: MultiTaskNetwork, weights: Mapping[str, Any], path: Path) -> None:
    """Raises ValueError if they are another network's."""
    try:
        network.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise ValueError(f"checkpoint {str(path)!r} is of another model: {error}") from None
