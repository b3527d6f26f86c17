"""CollapseCallback in Lightning's Trainer: of what training steps have shown, or of a pass after the epoch."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning_modules import HEADS, Module, trainer
from plain_models import CLASSES, by_hand, images, loader
from torch import nn

import ufm_networks
import verify
from ufm_networks.not_finite import NotFiniteError

pytestmark = pytest.mark.filterwarnings(
    r"ignore:.*LeafSpec:FutureWarning:lightning\..*",  # Lightning's, of PyTorch
    "ignore:.*does not have many workers",  # where there are more cores
)


def exact(module: Any, H: Any, y: Any) -> Any:
    layers = (module.network.fc1, module.network.fc2)
    W, b = [layer.weight for layer in layers], [layer.bias for layer in layers]
    return verify.metrics(W=W, H=H.T, b=b, labels=y, classes=CLASSES, classic=True)


def fit(folder: Path, callback: Any, module: Any = None, validate: bool = False, **options: Any) -> Any:
    x, y = images()
    lightning = trainer(folder, callbacks=[callback], **options)
    lightning.fit(module or Module(), loader(x, y), loader(x, y, shuffle=False) if validate else None)
    return lightning


def test_what_training_steps_show(tmp_path: Path) -> None:
    """A module that keeps what its heads read; two forward passes of the validation in between do not count."""

    class Keeping(Module):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if batch_idx == 0:
                self.kept: list[Any] = []
            self.kept.append((self.network.features(batch[0]).detach(), batch[1]))
            return super().training_step(batch, batch_idx)

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self(batch[0])
            self(batch[0])

    module, callback = Keeping(), ufm_networks.CollapseCallback(HEADS)
    logged = fit(tmp_path, callback, module, validate=True).callback_metrics
    H, y = (torch.cat([pair[i] for pair in module.kept]) for i in (0, 1))
    due = exact(module, H.numpy(), y)
    assert len(H) == 90
    assert set(due) - set(logged) == set(callback.reasons)
    np.testing.assert_allclose([float(v) for v in logged.values()], [due[name] for name in logged], rtol=1e-9)
    assert not module.network.fc1._forward_pre_hooks


@pytest.mark.parametrize("options", [{"samples": 90}, {"loader": loader(*images())}])
def test_a_pass_after_the_epoch(tmp_path: Path, options: Any) -> None:
    module = Module()
    logged = fit(tmp_path, ufm_networks.CollapseCallback(HEADS, prefix="train/", **options), module).callback_metrics
    x, y = images()
    due = exact(module, by_hand(module.network, x), y)
    values = {name.removeprefix("train/"): float(value) for name, value in logged.items()}
    np.testing.assert_allclose(list(values.values()), [due[name] for name in values], rtol=1e-9)
    plain = ufm_networks.CollapseLog(module.network, loader(x, y), {"digit": "fc1", "colour": "fc2"})(0)
    assert list(values) == list(plain)


def test_loggers_have_the_same_names(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    table, board = CSVLogger(tmp_path / "csv"), TensorBoardLogger(tmp_path / "board")
    callback = ufm_networks.CollapseCallback(HEADS, every=2)
    fit(tmp_path, callback, epochs=3, logger=[table, board], log_every_n_steps=1)
    rows = list(csv.DictReader((Path(table.log_dir) / "metrics.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "2"]
    events = EventAccumulator(board.log_dir)
    events.Reload()
    x, y = images()
    names = set(ufm_networks.CollapseLog(Module().network, loader(x, y), {"digit": "fc1", "colour": "fc2"})(0))
    assert set(rows[0]) - {"epoch", "step"} == names
    assert set(events.Tags()["scalars"]) - {"epoch"} == names


def test_bfloat16(tmp_path: Path) -> None:
    class Half(Module):
        def __init__(self) -> None:
            super().__init__()
            self.network.float()

    x, y = images(dtype=torch.float32)
    several: list[dict[str, Any]] = [{}, {"samples": 60}]
    for options in several:
        lightning = trainer(
            tmp_path, 1, precision="bf16-mixed", callbacks=[ufm_networks.CollapseCallback(HEADS, **options)]
        )
        lightning.fit(Half(), loader(x, y))
        assert all(torch.isfinite(value) for value in lightning.callback_metrics.values())


def test_diverged_training_is_named_at_the_end_of_the_epoch(tmp_path: Path) -> None:
    module, (x, y) = Module(), images()
    x[40] = torch.nan
    lightning = trainer(tmp_path, callbacks=[ufm_networks.CollapseCallback(HEADS)])
    with pytest.raises(NotFiniteError, match="batch 2 since the last reset"):
        lightning.fit(module, loader(x, y, shuffle=False))
    assert not module.network.fc1._forward_pre_hooks


def test_a_step_that_shows_no_one_feature_a_sample(tmp_path: Path) -> None:
    class Twice(Module):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self(batch[0])
            return super().training_step(batch, batch_idx)

    class Apart(Module):
        def forward(self, x: Any) -> Any:
            h = self.network.features(x)
            return self.network.fc1(h), self.network.fc2(2 * h)

    class Never(Module):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return nn.functional.linear(self.network.features(batch[0]), self.network.fc1.weight).sum()

    told = {Twice: "batch 0: head 'colour' ran twice", Apart: "read different features", Never: "no head of digit"}
    for kind, match in told.items():
        with pytest.raises(ValueError, match=match):
            fit(tmp_path, ufm_networks.CollapseCallback(HEADS), kind())


def test_heads_are_looked_for_before_training(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"did you mean 'network\.fc"):
        fit(tmp_path, ufm_networks.CollapseCallback({"digit": "network.fc"}))
    with pytest.raises(ValueError, match="every"):
        ufm_networks.CollapseCallback(HEADS, every=0)


def test_a_metric_in_the_module_logs_the_same_names(tmp_path: Path) -> None:
    class Own(Module):
        def __init__(self) -> None:
            super().__init__()
            self.collapse = ufm_networks.Collapse({"digit": self.network.fc1, "colour": self.network.fc2})

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.collapse.update(self.network.features(batch[0]), batch[1])
            return super().training_step(batch, batch_idx)

        def on_train_epoch_end(self) -> None:
            self.log_dict({f"own/{name}": value for name, value in self.collapse.compute().items()})
            self.collapse.reset()

    module = Own()
    assert set(module.state_dict()) == set(Module().state_dict())
    logged = fit(tmp_path, ufm_networks.CollapseCallback(HEADS), module).callback_metrics
    names = [name for name in logged if not name.startswith("own/")]
    assert len(names) == len(logged) / 2
    for name in names:
        assert float(logged[name]) == pytest.approx(float(logged[f"own/{name}"]), rel=1e-9)


def test_it_can_be_sent_to_other_processes() -> None:
    import pickle

    twin = pickle.loads(pickle.dumps(ufm_networks.CollapseCallback(HEADS, pool="mean", every=2)))
    assert (twin.heads, twin.pool, twin.every) == (HEADS, "mean", 2)
