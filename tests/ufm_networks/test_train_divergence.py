"""A run that diverges says so, names the epoch, and keeps what was good."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_data import tables, toy

from ufm_networks.training import load_run, train
from ufm_networks.training.loop import Loop
from ufm_networks.training.run import Run

PLAIN = {"backbone": "vgg11", "batch_norm": False}


def finite(run: Run) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in run.network.state_dict().values())


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("weighting", ["uniform", "famo", "uncertainty", "mgda", "pcgrad", "fairgrad"])
def test_what_is_told(weighting: str, tmp_path: Path) -> None:
    config = tables(PLAIN, learning_rate=1e12, epochs=30, weighting=weighting)
    message = (
        r"training has diverged in epoch 1: .*lower learning_rate=1e\+12, or set batch_norm=true, .* keeps nothing"
    )
    with pytest.raises(RuntimeError, match=message):
        train(config, tmp_path, data=toy())
    assert not (tmp_path / "checkpoint.pt").exists()
    with pytest.raises(
        RuntimeError, match="learning_rate=1e\\+12, or set batch_norm=true, without which vgg11 is hard"
    ):
        train(config, data=toy())


@pytest.mark.parametrize("metrics_every", [1, 9])
def test_the_last_good_epoch_is_kept(metrics_every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step of epoch 3 leaves a parameter infinite, which no loss has seen."""
    epochs: list[int] = []
    original = Loop.epoch

    def spoiling(self: Loop, *arguments: Any) -> Any:
        result = original(self, *arguments)
        epochs.append(1)
        if len(epochs) == 3:
            with torch.no_grad():
                self.network.heads[0].bias[0] = torch.inf
        return result

    monkeypatch.setattr(Loop, "epoch", spoiling)
    config = tables(epochs=9, metrics_every=metrics_every)
    message = (
        "diverged in epoch 3: the loss is .*not finite; lower learning_rate=0.1, and .* keeps the last checkpoint "
    )
    with pytest.raises(RuntimeError, match=message + "and the metrics up to epoch 2"):
        train(config, tmp_path, data=toy())
    run = load_run(tmp_path, data=toy())
    assert run.epochs == len(rows(tmp_path)) == 2
    assert finite(run)
    monkeypatch.undo()
    assert train(config, tmp_path, data=toy()).epochs == 9  # and goes on where it was good


def test_features_beyond_all_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters may be finite and features not."""
    original = Loop.epoch

    def enlarging(self: Loop, *arguments: Any) -> Any:
        result = original(self, *arguments)
        with torch.no_grad():
            for module in self.network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.weight.fill_(1e30)
        return result

    monkeypatch.setattr(Loop, "epoch", enlarging)
    with pytest.raises(RuntimeError, match="diverged in epoch 1: a feature is not finite"):
        train(tables(), tmp_path, data=toy())
