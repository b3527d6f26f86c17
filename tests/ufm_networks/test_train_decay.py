"""Feature decay: a network's loss is the unconstrained feature model's objective, by verify's own evaluation of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from toy_data import tables, toy

import ufm
import verify
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.batches import plain_batches
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training import assembly, read_config, train
from ufm_networks.training.processes import Processes

LAMBDAS = {"lambda_H": 0.02, "lambda_W": 0.3, "lambda_b": 0.5}


def mean_objective(data: TaskData, network: MultiTaskNetwork, c: list[float] | None) -> float:
    """F / N of Problem (3), Σ_t (c^t / N_t) F_t of Problem (4), at the network's features in training mode."""
    network.train()
    pixels = torch.from_numpy(data.images[np.arange(len(data))]).float()
    with torch.no_grad():
        H = network.features((pixels / 255 - 0.5) / 0.25).double().T
    W, b = network.head_arrays()
    if data.kind != "multi":
        problem = data.problem(**LAMBDAS, task_weights=c)
        return verify.certify(problem, W=W, H=H, b=b, labels=data.labels).objective / len(data)
    total = 0.0
    for t, weight in enumerate(c or [1.0] * len(W)):
        own = data.labels[:, t] >= 0
        y = data.labels[own, t]
        problem = ufm.SingleSource.from_labels(y[:, None], classes=data.classes[t : t + 1], **LAMBDAS)
        objective = verify.certify(problem, W=W[t : t + 1], H=H[:, own], b=b[t : t + 1], labels=y[:, None]).objective
        total += weight * objective / own.sum()
    return total


@pytest.mark.parametrize("kind", ["single", "multi", "multilabel"])
@pytest.mark.parametrize("weighted", [False, True])
def test_loss_of_the_whole_set_is_the_model_s_objective(kind: str, weighted: bool) -> None:
    data = toy(kind)
    c = [1.5, 0.5][: len(data.classes)] if weighted and kind != "multilabel" else None
    extra: dict[str, Any] = {} if c is None else {"weighting": "fixed", "task_weights": c}
    config = read_config(tables(feature_decay=LAMBDAS, **extra))
    loop = assembly.assemble(config, data, Processes(torch.device("cpu")))
    whole = np.arange(len(data))
    (images, labels, _) = next(iter(loop.batches([whole])))
    step = loop._step(images, labels, 1.0 / len(data), loop._present(whole))
    loop.weighting.backward(step)
    weights = torch.tensor(c) if c else torch.ones(len(step.losses))
    loss = float((weights @ (step.losses + step.own_penalties) + step.penalty).detach())
    assert loss == pytest.approx(mean_objective(data, loop.network, c), rel=1e-5)


def test_batches_of_equal_size_average_to_the_whole_set() -> None:
    """Task sizes enter by N / N_t, not by how many of a task a batch happens to hold."""
    data = toy("multi")
    loop = assembly.assemble(read_config(tables(feature_decay=LAMBDAS)), data, Processes(torch.device("cpu")))
    loop.network.eval()  # so that features do not depend on the batch
    totals = []
    for size in (len(data), 12):
        steps = []
        for part in plain_batches(len(data), size):
            (images, labels, _) = next(iter(loop.batches([part])))
            step = loop._step(images, labels, 1.0 / len(part), loop._present(part))
            steps.append(torch.cat([step.losses, step.own_penalties, step.penalty[None]]).detach())
        totals.append(torch.stack(steps).mean(dim=0))
    torch.testing.assert_close(totals[0], totals[1], rtol=1e-5, atol=0)


class FreeFeatures(nn.Module):
    """A backbone without constraints: the image's first pixels are the number of its feature."""

    feature_dim = 4

    def __init__(self, samples: int) -> None:
        super().__init__()
        self.H = nn.Parameter(0.5 * torch.randn(samples, self.feature_dim))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        number = torch.round(images[:, 0, 0, 0] * 255).long()
        return self.H[number]


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_free_features_are_trained_to_the_certified_global_minimum(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole loop, batches, momentum and schedule included, solves the very problem that ``Run.problem`` states."""
    images = np.zeros((60, 1, 8, 8), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(60)
    data = toy(kind)
    data = TaskData("free", ArrayImages(images), data.labels, data.classes, kind, (0.0,), (1.0,))

    def build(config: Any, data: TaskData) -> MultiTaskNetwork:
        torch.manual_seed(0)
        return MultiTaskNetwork(FreeFeatures(len(data)), data.classes)

    monkeypatch.setattr(assembly, "build_network", build)
    settings = tables(epochs=700, batch_size=60, learning_rate=2.0, final_learning_rate=0.05, metrics_every=700)
    settings["train"]["feature_decay"] = {"lambda_H": 0.05, "lambda_W": 0.5, "lambda_b": 0.5}
    run = train(settings, data=data)
    W, b = run.network.head_arrays()
    H: Any = run.network.backbone.H.detach().double().T
    labels: Any = data.labels
    if kind == "multi":
        own = [data.labels[:, t] >= 0 for t in range(2)]
        H, labels = [H[:, rows] for rows in own], [data.labels[rows, t] for t, rows in enumerate(own)]
    certificate = verify.certify(run.problem(), W=W, H=H, b=b, labels=labels)
    assert certificate.relative_gap < 1e-4
    assert run.metrics["SNC1" if kind == "single" else "MNC1"] < 1e-4
