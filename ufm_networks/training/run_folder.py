"""The files of a run, as it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from ufm.support.strict_json import plain
from ufm.support.whole_file import whole_file
from ufm.tensor_file import write_tensors
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.metrics import Measured
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training.checkpoint import GOES_ON, load_checkpoint, run_fingerprint, save_checkpoint
from ufm_networks.training.config import Config
from ufm_networks.training.logs import Row, write_csv
from ufm_networks.training.loop import Loop
from ufm_networks.training.run import CHECKPOINT, CONFIG, FEATURES, METRICS, load_weights
from ufm_networks.training.toml_text import toml_text


class RunFolder:
    """config.toml, checkpoint.pt, metrics.csv and features.safetensors; each is written whole, then renamed."""

    def __init__(self, path: Path, config: Config, data: TaskData) -> None:
        self.path, self.config = path, config
        self.checkpoint = path / CHECKPOINT
        self.fingerprint = run_fingerprint(config.tables(), data)

    def resume(self, loop: Loop) -> list[Row]:
        """Fills the loop from the checkpoint; its history, empty where there is no checkpoint."""
        if not self.checkpoint.exists():
            return []
        state = load_checkpoint(self.checkpoint, self.fingerprint, loop.processes.device)
        load_weights(loop.network, state["network"], self.checkpoint)
        loop.optimizer.load_state_dict(state["optimizer"])
        loop.weighting.load_state_dict(state["weighting"])
        history: list[Row] = state["history"]
        return history

    def write_configuration(self) -> None:
        """config.toml."""
        with whole_file(self.path / CONFIG, advice=GOES_ON) as partial:
            partial.write_text(toml_text(self.config.tables()), encoding="utf-8")

    def keep(self, loop: Loop, history: list[Row], measured: Measured | None) -> None:
        """After an epoch: the checkpoint last, so that what it tells of is there."""
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


def _save_features(path: Path, network: MultiTaskNetwork, measured: Measured, epochs: int) -> None:
    """Label means, their spread, heads and metrics, as safetensors; names "means.t" of several sources."""
    W, b = network.head_arrays()
    tensors = {f"W.{t}": w for t, w in enumerate(W)} | {f"b.{t}": v for t, v in enumerate(b)}
    for name, value in (("means", measured.means), ("spread", measured.spread)):
        parts = {f"{name}.{t}": part for t, part in enumerate(value)} if isinstance(value, list) else {name: value}
        tensors |= {key: torch.from_numpy(np.ascontiguousarray(part)) for key, part in parts.items()}
    header = {"epoch": str(epochs), "metrics": json.dumps(plain(measured.metrics))}
    write_tensors(path, tensors, header, advice=GOES_ON)
