"""The files of a run in progress."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ufm.support.checked_tensors import save_checked
from ufm.support.strict_json import plain
from ufm.support.whole_file import whole_file
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.metrics import Measured
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.checkpoint import GOES_ON, load_checkpoint, run_fingerprint, save_checkpoint, unusable
from ufm_networks.training.config import Config
from ufm_networks.training.logs import Row, write_csv
from ufm_networks.training.loop import Loop
from ufm_networks.training.run import CHECKPOINT, CONFIG, FEATURES, METRICS, load_weights

FEATURES_FORMAT = "ufm networks features 1"


class RunFolder:
    """config.toml, checkpoint.pt, metrics.csv and features.safetensors; each is written whole, then renamed."""

    def __init__(self, path: Path, config: Config, data: TaskData) -> None:
        self.path, self.config = path, config
        self.checkpoint = path / CHECKPOINT
        self.fingerprint = run_fingerprint(config.tables(), data)

    def resume(self, loop: Loop) -> list[Row]:
        """Fills the loop from the checkpoint and returns its history, empty without a checkpoint."""
        if not self.checkpoint.exists():
            return []
        state = load_checkpoint(self.checkpoint, self.fingerprint, loop.processes.device)
        load_weights(loop.network, state["network"], self.checkpoint)
        try:
            _load_optimizer(loop.optimizer, state["optimizer"])
            loop.weighting.load_state_dict(state["weighting"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise unusable(self.checkpoint, f"it is of another optimizer or weighting: {error!r}") from error
        history: list[Row] = state["history"]
        return history

    def write_configuration(self) -> None:
        """config.toml."""
        import tomli_w  # an extra

        with whole_file(self.path / CONFIG, advice=GOES_ON) as partial:
            partial.write_text(tomli_w.dumps(self.config.tables()), encoding="utf-8")

    def keep(self, loop: Loop, history: list[Row], measured: Measured | None) -> None:
        """Saves everything after an epoch, the checkpoint last, so that the other files exist when it does."""
        train, epochs = self.config.train, len(history)
        write_csv(self.path / METRICS, history)
        if measured is not None and "accuracy" in history[-1]:
            _save_features(self.path / FEATURES, loop.network, measured, epochs)
        if epochs % train.checkpoint_every == 0 or epochs == train.epochs:
            state = {
                "network": loop.network.state_dict(),
                "optimizer": loop.optimizer.state_dict(),
                "weighting": loop.weighting.state_dict(),
                "history": history,
            }
            save_checkpoint(self.checkpoint, self.fingerprint, state)


def _load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Raises ValueError if what belongs to a parameter is not of its shape, which PyTorch would notice in a step."""
    optimizer.load_state_dict(state)
    for parameter, own in optimizer.state.items():
        for name, value in own.items():
            if isinstance(value, torch.Tensor) and value.ndim and value.shape != parameter.shape:
                raise ValueError(f"{name} has shape {tuple(value.shape)}, its parameter {tuple(parameter.shape)}")


def _save_features(path: Path, network: MultiTaskNetwork, measured: Measured, epochs: int) -> None:
    """Label means, their spread, heads and metrics, as safetensors; names "means.t" of several sources."""
    W, b = network.head_arrays()
    tensors = {f"W.{t}": w for t, w in enumerate(W)} | {f"b.{t}": v for t, v in enumerate(b)}
    for name, value in (("means", measured.means), ("spread", measured.spread)):
        parts = {f"{name}.{t}": part for t, part in enumerate(value)} if isinstance(value, list) else {name: value}
        tensors |= {key: torch.from_numpy(np.ascontiguousarray(part)) for key, part in parts.items()}
    header = {"format": FEATURES_FORMAT, "epoch": str(epochs), "metrics": json.dumps(plain(measured.metrics))}
    save_checked(tensors, path, header, advice=GOES_ON)
