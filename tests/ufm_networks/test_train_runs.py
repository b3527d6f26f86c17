"""Runs: files, resuming to the same bits, interruption, refusals."""

from __future__ import annotations

import csv
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from toy_data import tables, toy

import verify
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.batches import epoch_batches
from ufm_networks.training import load_run, read_config, train
from ufm_networks.training.loop import Loop
from ufm_networks.training.run import Run
from ufm_networks.training.schedule import cosine_learning_rate

CLOCK = ("seconds", "images_per_second")


def without_clock(run: Run) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name not in CLOCK} for row in run.history]


def assert_equal_runs(one: Run, other: Run) -> None:
    assert without_clock(one) == without_clock(other)
    first, second = one.network.state_dict(), other.network.state_dict()
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def interrupted_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C arrives in that step, once."""
    calls: list[int] = []
    original = Loop._step

    def stepping(self: Loop, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return original(self, *arguments)

    monkeypatch.setattr(Loop, "_step", stepping)


@pytest.mark.parametrize(
    "change", [{}, {"feature_decay": {"lambda_H": 1e-3, "lambda_W": 0.1, "lambda_b": 0.1}}, {"channels_last": False}]
)
def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(
    change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, config = toy(), tables(epochs=3, **change)
    whole = train(config, data=data, test=toy(seed=1))
    with monkeypatch.context() as patch:
        interrupted_at(10, patch)  # in the third epoch of four steps
        cut = train(config, tmp_path, data=data, test=toy(seed=1))
    assert cut.interrupted
    assert "after 2 of 3 epochs" in cut.status
    assert "same folder" in cut.status
    resumed = train(config, tmp_path, data=data, test=toy(seed=1))
    assert not resumed.interrupted
    assert_equal_runs(resumed, whole)
    assert_equal_runs(train(config, tmp_path, data=data, test=toy(seed=1)), whole)  # nothing left to do


def test_interrupted_without_a_folder_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted_at(6, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(tables(), data=toy())


def test_seeds_decide_and_nothing_else_does() -> None:
    torch.manual_seed(1)
    first = train(tables(epochs=2), data=toy())
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert_equal_runs(first, train(tables(epochs=2), data=toy()))
    assert torch.equal(state, torch.get_rng_state())
    other = train(tables(epochs=2, seed=1), data=toy())
    assert other.history[-1]["loss"] != first.history[-1]["loss"]


def test_files_of_a_run(tmp_path: Path) -> None:
    data = toy()
    run = train(tables(epochs=4, metrics_every=2), tmp_path / "deep" / "run", data=data, test=toy(seed=1))
    assert run.folder is not None
    with open(run.folder / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert [bool(row["SNC1"]) for row in rows] == [True, True, False, True]
    assert float(rows[-1]["SNC1"]) == run.metrics["SNC1"]
    assert 0 <= float(rows[-1]["test_accuracy"]) <= 1
    assert read_config(run.folder / "config.toml") == run.config
    with safe_open(run.folder / "features.safetensors", framework="pt") as file:
        assert file.metadata()["epoch"] == "4"
        assert tuple(file.get_tensor("means").shape) == (run.network.feature_dim, 6)
        assert tuple(file.get_tensor("spread").shape) == (6,)
    assert not list(run.folder.glob("*.partial"))
    loaded = load_run(run.folder, data=data)
    assert_equal_runs(loaded, run)
    images = torch.randn(2, 1, 8, 8)
    assert torch.equal(loaded.network(images)[0], run.network(images)[0])


@pytest.mark.parametrize("kind", ["single", "multi", "multilabel"])
def test_measured_metrics_are_verify_s_of_the_network_s_features(kind: str) -> None:
    data = toy(kind)
    run = train(tables(epochs=2), data=data)
    pixels = torch.from_numpy(data.images[np.arange(len(data))]).float()
    with torch.no_grad():
        features, logits = run.network((pixels / 255 - 0.5) / 0.25)
    W, b = run.network.head_arrays()
    H: Any = features.double().T
    labels: Any = data.labels
    if kind == "multilabel":
        (u,) = logits
        decided = [set(np.argsort(-row)[: y.sum()].tolist()) for row, y in zip(u.numpy(), data.labels, strict=True)]
        right = [np.array([mine == set(np.flatnonzero(y)) for mine, y in zip(decided, data.labels, strict=True)])]
    else:
        right = [u.argmax(1).numpy() == y for u, y in zip(logits, data.labels.T, strict=True)]
    if kind == "multi":
        own = [data.labels[:, t] >= 0 for t in range(2)]
        H, labels = [H[:, rows] for rows in own], [data.labels[rows, t] for t, rows in enumerate(own)]
        right = [of_task[rows] for of_task, rows in zip(right, own, strict=True)]
    problem = data.problem(lambda_H=1, lambda_W=1, lambda_b=1)
    for name, value in verify.metrics(problem, W=W, H=H, b=b, labels=labels).items():
        # float32 features, summed in batches of another size
        assert run.metrics[name] == pytest.approx(value, rel=1e-3, abs=1e-6, nan_ok=True), name
    assert run.metrics["accuracy"] == pytest.approx(np.mean([of_task.mean() for of_task in right]))


@pytest.mark.parametrize("kind", ["single", "multi", "multilabel"])
def test_training_learns(kind: str, device: str) -> None:
    run = train(tables(epochs=20, metrics_every=20, device=device), data=toy(kind))
    assert run.metrics["accuracy"] == 1.0
    # of a set of two labels the cross-entropy is at least 2 log 2: 2/5 of the samples
    least = 0.8 * np.log(2) if kind == "multilabel" else 0.0
    assert run.history[-1]["loss"] - least < 0.2 * (run.history[0]["loss"] - least)


@pytest.mark.parametrize("backbone", ["resnet34", "vgg11", "vgg13"])
def test_every_backbone_trains(backbone: str) -> None:
    run = train(tables({"backbone": backbone, "final_relu": False, "feature_dim": 6}, epochs=2), data=toy())
    assert run.history[1]["loss"] < run.history[0]["loss"]
    assert run.network.feature_dim == 6


def test_frozen_heads_stay_and_bfloat16_runs() -> None:
    model = {"heads": "orthogonal_etf", "feature_dim": 5}
    run = train(tables(model, epochs=2, amp=True), data=toy())
    again = train(tables(model, epochs=1), data=toy())
    for one, other in zip(run.network.heads, again.network.heads, strict=True):
        assert torch.equal(one.weight, other.weight)
    assert all(parameter.dtype == torch.float32 for parameter in run.network.parameters())


def test_uniform_and_fixed_weightings() -> None:
    data = toy()
    uniform = train(tables(epochs=2), data=data)
    ones = train(tables(epochs=2, weighting="fixed", task_weights=[1, 1]), data=data)
    assert_equal_runs(uniform, ones)
    one_task = train(tables(epochs=8, weighting="fixed", task_weights=[1, 1e-6]), data=data)
    assert one_task.history[-1]["loss_1"] < 0.5 * one_task.history[-1]["loss_2"]
    assert one_task.history[0]["weight_1"] == 1.0
    assert one_task.history[-1]["loss"] == pytest.approx(one_task.history[-1]["loss_1"], rel=1e-4)


def test_schedule_is_torch_s() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50, eta_min=1e-3)
    for epoch in range(50):
        assert cosine_learning_rate(epoch, 50, 0.1, 1e-3) == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        schedule.step()


def test_batches_are_a_permutation_in_nearly_equal_parts() -> None:
    parts = epoch_batches(1000, 128, 3, 7)
    assert sorted(np.concatenate(parts)) == list(range(1000))
    assert len(parts) == 8
    assert {len(part) for part in parts} == {125}
    assert not np.array_equal(np.concatenate(parts), np.concatenate(epoch_batches(1000, 128, 3, 8)))
    assert np.array_equal(np.concatenate(parts), np.concatenate(epoch_batches(1000, 64, 3, 7)))


def test_another_run_s_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    data = toy()
    train(tables(), tmp_path, data=data)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    for changed, name in (
        (tables({"backbone": "vgg11"}), r"model.backbone \('resnet18' there, 'vgg11' here\)"),
        (tables({"width": 8}), r"model.width \(4 there, 8 here\)"),
        (tables(seed=4), "train.seed"),
        (tables(epochs=9), "train.epochs"),
    ):
        with pytest.raises(ValueError, match=f"is of another run: {name}"):
            train(changed, tmp_path, data=data)
    labels = data.labels.copy()
    labels[[0, 1]] = labels[[1, 0]]
    with pytest.raises(ValueError, match=r"is of another run: data.labels"):
        train(tables(), tmp_path, data=replace(data, labels=labels))
    pixels = data.images[np.arange(len(data))]
    pixels[7, 0, 3, 4] ^= 1
    with pytest.raises(ValueError, match=r"is of another run: data.pixels \(\d+ there, \d+ here\)"):
        train(tables(), tmp_path, data=replace(data, images=ArrayImages(pixels)))
    with pytest.raises(ValueError, match=r"is of another run: data.pixels"):
        load_run(tmp_path, data=replace(data, images=ArrayImages(pixels)))
    with pytest.raises(ValueError, match=r"data.name .'toy single' there, 'other' here"):
        train(tables(), tmp_path, data=replace(data, name="other"))
    with pytest.raises(ValueError, match=r"data.mean .None there, .0.25. here"):
        train(tables() | {"data": {"mean": [0.25]}}, tmp_path, data=data)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    train(tables(metrics_every=7), tmp_path, data=data)  # what does not change the network may change


def test_a_run_configured_by_numpy_s_numbers_can_be_resumed_and_read(tmp_path: Path) -> None:
    config = tables(epochs=1, learning_rate=np.float64(0.05), weight_decay=np.float64(1e-3))
    run = train(config, tmp_path, data=toy())
    assert_equal_runs(train(config, tmp_path, data=toy()), run)
    assert_equal_runs(load_run(tmp_path, data=toy()), run)


def test_a_checkpoint_beside_another_configuration_is_refused(tmp_path: Path) -> None:
    train(tables(), tmp_path, data=toy())
    text = (tmp_path / "config.toml").read_text().replace("width = 4", "width = 5")
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ValueError, match=r"is of another run: model.width \(4 there, 5 here\); put config.toml back"):
        load_run(tmp_path, data=toy())
    (tmp_path / "checkpoint.pt").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no checkpoint.pt"):
        load_run(tmp_path, data=toy())


class Trap:
    """Unpickled, it would run code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('code was run')",))


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "pickle", "other"])
def test_damaged_checkpoints_are_refused_and_kept(damage: str, tmp_path: Path) -> None:
    train(tables(epochs=1), tmp_path, data=toy())
    path = tmp_path / "checkpoint.pt"
    whole = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        whole[len(whole) // 2] ^= 16
        path.write_bytes(whole)
    elif damage == "text":
        path.write_text("not a checkpoint")
    elif damage == "pickle":
        torch.save({"format": Trap()}, path)
    else:
        torch.save({"weights": torch.zeros(3)}, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"cannot be used .* left as it is"):
        train(tables(epochs=1), tmp_path, data=toy())
    assert path.read_bytes() == before


def test_a_class_without_samples_is_refused() -> None:
    data = toy()
    labels = np.where(data.labels == [2, -1], 0, data.labels)
    with pytest.raises(ValueError, match="class 2 of task 0 has no sample"):
        train(tables(), data=replace(data, labels=labels))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compile": True}, "compile=true needs a CUDA device"),
        ({"device": "cuda:77"}, "device='cuda:77' is not available"),
        ({"weighting": "fixed", "task_weights": [1, 2, 3]}, "must hold 2 numbers"),
    ],
)
def test_refusals(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(tables(**change), data=toy())
    with pytest.raises(ValueError, match=r"\[data\] is empty"):
        train(tables())


def test_label_sets_are_one_task_without_weights_or_fixed_directions() -> None:
    with pytest.raises(ValueError, match=r"task_weights=\(1.0,\) with sets of labels"):
        train(tables(weighting="fixed", task_weights=[1]), data=toy("multilabel"))
    with pytest.raises(ValueError, match="'dot-regression' needs one class per task"):
        train(tables({"heads": "orthogonal_etf"}, loss="dot_regression"), data=toy("multilabel"))


def test_batches_of_one_image_are_refused() -> None:
    with pytest.raises(ValueError, match="batch_size=2 cuts 61 samples into batches of which some have 1"):
        train(tables(batch_size=2), data=toy(samples=61))


def test_test_images_are_like_training_images() -> None:
    test = toy(seed=1)
    wide = ArrayImages(np.zeros((len(test), 1, 8, 16), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"test images are \(1, 8, 16\), training images \(1, 8, 8\)"):
        train(tables(), data=toy(), test=replace(test, images=wide))


def test_weights_that_changed_on_the_way_are_no_problem_s() -> None:
    decay = {"lambda_H": 1e-3, "lambda_W": 0.1, "lambda_b": 0.1}
    run = train(tables(epochs=1, weighting="dwa", feature_decay=decay), data=toy())
    with pytest.raises(ValueError, match="weighting='dwa' changes task weights"):
        run.problem()


def test_images_that_do_not_fit_into_memory_are_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lazy:
        shape = (1, 8, 8)

        def __init__(self, data: TaskData) -> None:
            self.images = data.images

        def __len__(self) -> int:
            return len(self.images)

        def __getitem__(self, index: Any) -> Any:
            return self.images[index]

    monkeypatch.setattr("ufm_networks.features.batches.RESIDENT_SHARE", 0.0)
    lazy = replace(toy(), images=Lazy(toy()))
    assert_equal_runs(train(tables(), data=lazy), train(tables(), data=toy()))


def test_data_in_place_of_the_table(tmp_path: Path) -> None:
    several = toy("multi")
    first_only = several.subset(np.flatnonzero(several.labels[:, 0] >= 0))
    with pytest.raises(ValueError, match="test data 'toy multi' has no sample of task 1"):
        train(tables(), data=several, test=first_only)
    wrong: Any = [toy()]
    for call in (lambda **given: train(tables(), **given), lambda **given: load_run(tmp_path, **given)):
        with pytest.raises(TypeError, match=r"data must be a ufm_networks.datasets.TaskData, got a list"):
            call(data=wrong)
        with pytest.raises(ValueError, match="test is given without data"):
            call(test=toy())


def test_without_tensorboard_there_is_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(tables(epochs=1), tmp_path / "with", data=toy())
    assert list((tmp_path / "with" / "tensorboard").iterdir())
    monkeypatch.setattr("ufm_networks.training.logs.importlib.util.find_spec", lambda name: None)
    train(tables(epochs=1), tmp_path / "without", data=toy())
    assert not (tmp_path / "without" / "tensorboard").exists()
    assert (tmp_path / "without" / "metrics.csv").exists()


def test_channels_last_is_for_gpus(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="channels_last=true needs a GPU, this run is on cpu"):
        train(tables(epochs=1, channels_last=True, device="cpu"), tmp_path, data=toy())
    assert not list(tmp_path.iterdir())
