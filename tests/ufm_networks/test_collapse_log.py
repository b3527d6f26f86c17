"""CollapseLog: one call an epoch, of all samples or of a fixed subset, to whatever logger there is."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from plain_models import CLASSES, HEADS, Encoder, ResNet, by_hand, images, loader, trained_statistics
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset
from torch.utils.tensorboard import SummaryWriter

import ufm_networks
import verify
from ufm_networks.not_finite import NotFiniteError
from ufm_networks.while_training.running_sums import Layout
from ufm_networks.while_training.stratified import Stratified, stratified


def network(dtype: torch.dtype = torch.float64) -> Any:
    torch.manual_seed(0)
    return trained_statistics(ResNet().to(dtype), images(dtype=dtype)[0])


def exact(model: Any, x: Any, y: Any) -> Any:
    layers = (model.fc1, model.fc2)
    W, b = [layer.weight for layer in layers], [layer.bias for layer in layers]
    return verify.metrics(W=W, H=by_hand(model, x).T, b=b, labels=y, classes=CLASSES, classic=True)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_a_pass_has_the_metrics_of_stacked_features(dtype: torch.dtype, rtol: float) -> None:
    model, (x, y) = network(dtype), images(dtype=dtype)
    watch = ufm_networks.CollapseLog(model, loader(x, y), HEADS)
    model.fc1.train(False)
    values = watch(0)
    assert model.training
    assert not model.fc1.training
    assert not model.fc1._forward_pre_hooks
    due = exact(model, x, y)
    np.testing.assert_allclose(list(values.values()), [due[name] for name in values], rtol=rtol)
    assert set(due) - set(values) == set(watch.reasons)


def test_names_are_those_of_the_metric() -> None:
    model, (x, y) = network(), images()
    collapse = ufm_networks.Collapse(HEADS, model)
    collapse.update(torch.from_numpy(by_hand(model, x)), y)
    values = ufm_networks.CollapseLog(model, loader(x, y), HEADS)(0)
    assert list(values) == list(collapse.compute())
    np.testing.assert_allclose(list(values.values()), [float(v) for v in collapse.compute().values()], rtol=1e-9)


def test_values_follow_the_model_and_every_leaves_epochs_out() -> None:
    model, (x, y) = network(), images()
    watch = ufm_networks.CollapseLog(model, loader(x, y), HEADS, every=3)
    first = watch(0)
    assert watch(1) == watch(2) == {}
    with torch.no_grad():
        model.fc1.weight *= torch.arange(1, 4)[:, None]
    assert watch(3)["SNC2_2"] > first["SNC2_2"]


def test_tokens_and_unpacked_batches() -> None:
    torch.manual_seed(0)
    model = Encoder()
    ids, y = torch.randint(0, 20, (60, 5)), torch.stack([torch.arange(60) % 3, torch.arange(60) // 2 % 4], dim=1)
    batches = [{"input_ids": ids[i : i + 20], "labels": y[i : i + 20]} for i in (0, 20, 40)]
    options: dict[str, Any] = {
        "pool": "mean",
        "unpack": lambda batch: ({"input_ids": batch["input_ids"]}, batch["labels"]),
    }
    heads = {"digit": "classifier.digit", "colour": "classifier.colour"}
    values = ufm_networks.CollapseLog(model, batches, heads, **options)(0)
    observed = ufm_networks.observe(model, batches, heads, **options).metrics()
    for name in ("SNC1", "SNC2_1", "SNC3"):
        assert values[name] == pytest.approx(observed[name], rel=1e-9)


def test_to_tensorboard_a_file_and_a_function(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model, (x, y) = network(), images()
    heard: list[tuple[Any, int]] = []
    board = SummaryWriter(str(tmp_path / "board"))
    logs: list[Any] = [board, tmp_path / "log.csv", lambda values, epoch: heard.append((values, epoch)), None]
    for log in logs:
        watch = ufm_networks.CollapseLog(model, loader(x, y), HEADS, prefix="train/", log=log)
        shown = [watch(0), watch(1)]
    board.close()
    events = EventAccumulator(str(tmp_path / "board"))
    events.Reload()
    names = list(shown[0])
    assert names[0] == "train/SNC1"
    assert sorted(events.Tags()["scalars"]) == sorted(names)
    assert [event.step for event in events.Scalars("train/SNC1")] == [0, 1]
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert list(rows[0]) == ["epoch", *names]
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert [epoch for _, epoch in heard] == [0, 1]
    assert list(heard[0][0]) == names
    assert float(rows[1]["train/CDNV"]) == pytest.approx(shown[1]["train/CDNV"], rel=1e-9)
    resumed = ufm_networks.CollapseLog(model, loader(x, y), HEADS, prefix="train/", log=str(tmp_path / "log.csv"))
    resumed(2)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4
    other = ufm_networks.CollapseLog(model, loader(x, y), HEADS, log=str(tmp_path / "log.csv"))
    with pytest.raises(ValueError, match=r"has the columns epoch, train/SNC1.*log to another file"):
        other(3)


def test_a_subset_of_all_is_all() -> None:
    model, (x, y) = network(), images()
    all_ = ufm_networks.CollapseLog(model, loader(x, y), HEADS)(0)
    for samples in (len(x), 10 * len(x)):
        values = ufm_networks.CollapseLog(model, loader(x, y), HEADS, samples=samples)(0)
        np.testing.assert_allclose(list(values.values()), list(all_.values()), rtol=1e-9)


class Counted(TensorDataset):
    """Which samples were asked for."""

    def __init__(self, *tensors: Any) -> None:
        super().__init__(*tensors)
        self.asked: list[int] = []

    def __getitem__(self, index: Any) -> Any:
        self.asked.append(index)
        return tuple(tensor[index] for tensor in self.tensors)


def test_the_subset_is_fixed_by_its_seed_and_no_more_is_read() -> None:
    model, (x, y) = network(), images()
    data = Counted(x, y)
    asked = []
    for seed in (0, 0, 1):
        watch = ufm_networks.CollapseLog(model, DataLoader(data, 16, shuffle=True), HEADS, samples=40, seed=seed)
        data.asked.clear()
        first = watch(0)
        assert data.asked[: len(x)] == list(range(len(x)))  # once, for the labels
        asked.append(data.asked[len(x) :])
        data.asked.clear()
        second = watch(1)
        assert data.asked == asked[-1]
        assert len(asked[-1]) == 40
        assert first == second
    assert asked[0] == asked[1] != asked[2]


def test_the_subset_has_labels_in_proportion() -> None:
    own = np.random.default_rng(0)
    labels = np.stack([own.choice(3, 4000, p=[0.7, 0.25, 0.05]), own.choice(2, 4000, p=[0.9, 0.1])], axis=1)
    labels[:50] = -1
    labels[50:54] = (-1, 1)
    chosen = stratified(labels, 400, 0)
    assert len(set(chosen.numbers.tolist())) == 400
    assert (labels[chosen.numbers] != -1).any(axis=1).all()
    for row, whole in zip(chosen.tuples, chosen.of_tuple, strict=True):
        n = int((labels[chosen.numbers] == row).all(axis=1).sum())
        assert n >= 2
        assert n == pytest.approx(max(2, 400 * whole / 3954), abs=1.5)
    with pytest.raises(ValueError, match="samples=13 is too few for 7 label tuples; two of each, at least 14"):
        stratified(labels, 13, 0)


def test_spreads_of_subsets_are_right_on_average() -> None:
    """Over all draws of a small data set: the mean of the estimates is the value of all."""
    rng = np.random.default_rng(1)
    H, labels = torch.from_numpy(rng.normal(size=(9, 3))), np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])[:, None]
    layout = Layout((2,), 3, covariance=True)

    def sums(rows: Any) -> Any:
        vector = layout.zeros("cpu")
        layout.add(vector, H[rows], torch.from_numpy(labels[rows]))
        return vector

    from itertools import combinations

    due = layout.parts(sums(np.arange(9)))
    spreads, traces = [], []
    for first in combinations(range(4), 2):
        for second in combinations(range(4, 9), 3):
            subset = Stratified(np.array(first + second), np.array([[0], [1]]), np.array([4, 5]))
            told = layout.parts(subset.weighed(layout, sums(subset.numbers)))
            np.testing.assert_array_equal(told.count, due.count)
            spreads.append(told.spread.numpy())
            traces.append(float(torch.trace(told.scatter[0]) / told.spread[1:].sum()))
    np.testing.assert_allclose(np.mean(spreads, axis=0), due.spread, rtol=1e-12)
    np.testing.assert_allclose(traces, 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"every": 0}, ValueError, "every"),
        ({"samples": 0}, ValueError, "samples"),
        ({"samples": 3}, ValueError, "samples=3 is too few for 12 label tuples"),
        ({"seed": -1}, ValueError, "seed"),
        ({"missing": 2}, ValueError, "missing=2 is a class"),
        ({"log": 3}, TypeError, "log=3 must be a SummaryWriter"),
        ({"log": "no/such/folder.csv"}, FileNotFoundError, "log="),
        ({"pool": "max"}, ValueError, "pool"),
        ({"prefix": None}, TypeError, "prefix=None must be a string"),
        ({"heads": {"digit": "fc3"}}, ValueError, "did you mean 'fc[12]'"),
        ({"model": "resnet"}, TypeError, "model must be"),
        ({"loader": []}, ValueError, "no labelled sample"),
        ({"loader": [], "samples": 50}, TypeError, "samples= picks samples of a data set"),
    ],
)
def test_what_is_refused(options: Any, error: Any, match: str) -> None:
    given = {"model": network(), "loader": loader(*images()), "heads": HEADS} | options
    with pytest.raises(error, match=match):
        ufm_networks.CollapseLog(**given)(0)


def test_features_that_are_not_finite_name_their_batch() -> None:
    model, (x, y) = network(), images()
    x[40] = torch.nan
    with pytest.raises(NotFiniteError, match="batch 2: "):
        ufm_networks.CollapseLog(model, loader(x, y, shuffle=False), HEADS)(0)
    assert not model.fc1._forward_pre_hooks


def test_labels_outside_the_classes_are_refused() -> None:
    model, (x, y) = network(), images()
    y[3, 1] = 4
    with pytest.raises(ValueError, match="batch 0: sample 3 has label 4 of task 'colour'"):
        ufm_networks.CollapseLog(model, loader(x, y, shuffle=False), HEADS)(0)


def test_one_task_and_a_model_without_bias() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 4, bias=False)).double()
    x, y = images()
    values = ufm_networks.CollapseLog(model, loader(x, y[:, 1]), {"colour": "1"})(0)
    due = verify.metrics(W=[model[1].weight], H=x.flatten(1).T, labels=y[:, 1], classic=True)
    np.testing.assert_allclose(list(values.values()), [due[name] for name in values], rtol=1e-9)
    assert "self_duality" in values


@pytest.mark.parametrize("samples", [None, 40])
@pytest.mark.parametrize("own", ["", "loader", "sampler", "batch sampler"])
def test_training_goes_on_as_it_would_have(samples: int | None, own: str) -> None:
    """Loaders draw their order from the same random numbers as the pass."""
    x, y = images()
    weights = []
    for watched in (False, True):
        model = network()
        torch.manual_seed(3)
        generator, data = torch.Generator().manual_seed(5), TensorDataset(x, torch.as_tensor(y))
        drawn = RandomSampler(data, generator=generator)
        batches = {
            "": loader(x, y),
            "loader": loader(x, y, generator=generator),
            "sampler": DataLoader(data, 16, sampler=drawn),
            "batch sampler": DataLoader(data, batch_sampler=BatchSampler(drawn, 16, drop_last=False)),
        }[own]
        watch = ufm_networks.CollapseLog(model, batches, HEADS, samples=samples)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(2):
            for images_, labels in batches:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images_)[0], labels[:, 0]).backward()
                optimizer.step()
            if watched:
                watch(epoch)
        weights.append(model.fc1.weight.detach())
    assert torch.equal(*weights)


def test_an_epoch_is_a_number() -> None:
    with pytest.raises(TypeError, match="epoch"):
        ufm_networks.CollapseLog(network(), loader(*images()), HEADS)("1")  # type: ignore[arg-type]
