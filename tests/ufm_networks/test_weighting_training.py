"""Networks under task weightings: gradients against literal ones, resuming, batch normalization, where it ends."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_train_decay import FreeFeatures
from test_train_runs import assert_equal_runs, interrupted_at
from torch import Tensor
from toy_data import tables, toy

import ufm
import verify
from ufm.weighting import TaskWeighting
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training import assembly, read_config, train
from ufm_networks.training.gradient_weighting import GradientWeighting
from ufm_networks.training.loss_weighting import LossWeighting
from ufm_networks.training.processes import Processes

DECAY = {"lambda_H": 1e-2, "lambda_W": 0.1, "lambda_b": 0.1}
CONFIGURATIONS: list[tuple[str, dict[str, Any]]] = [
    ("mgda", {}),
    ("mgda", {"gradients": "features"}),
    ("uncertainty", {}),
    ("pcgrad", {}),
    ("dwa", {"temperature": 0.5}),
    ("famo", {}),
    ("fairgrad", {"alpha": 2.0}),
]


class Given(TaskWeighting):
    """Odd weights; remembers the Gramian that it was shown."""

    def __init__(self, gradients: bool) -> None:
        super().__init__(2)
        self.gradients = gradients
        self.gramian: Tensor | None = None

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        self.gramian = gramian
        return torch.tensor([0.3, 2.5], dtype=torch.float64)


def first_step(kind: str, decay: bool) -> tuple[Any, Any]:
    extra: dict[str, Any] = {"feature_decay": DECAY} if decay else {"weight_decay": 0.0}
    loop = assembly.assemble(read_config(tables(**extra)), toy(kind), Processes(torch.device("cpu")))
    (images, labels, _) = next(iter(loop.batches([np.arange(16)])))
    loop.network.train()
    return loop, loop._step(images, labels, 1.0 / 16, loop._present(np.arange(16)))


def flat(gradients: Any) -> Tensor:
    return torch.cat([gradient.reshape(-1) for gradient in gradients])


@pytest.mark.parametrize("kind", ["single", "multi"])
@pytest.mark.parametrize("decay", [False, True])
@pytest.mark.parametrize("of", ["parameters", "features"])
def test_gradients_are_those_defined(kind: str, decay: bool, of: str) -> None:
    """Shared parameters along Σ w_t (L_t + P_t) + P, head t along L_t + P_t; G from gradients taken one by one."""
    loop, step = first_step(kind, decay)
    network, w = loop.network, [0.3, 2.5]
    shared = list(network.backbone.parameters())
    totals = step.losses + step.own_penalties
    weighted = w[0] * totals[0] + w[1] * totals[1] + step.penalty
    expected = flat(torch.autograd.grad(weighted, shared, retain_graph=True))
    of_heads = [
        torch.autograd.grad(total, list(head.parameters()), retain_graph=True)
        for total, head in zip(totals, network.heads, strict=True)
    ]
    over = shared if of == "parameters" else [step.features]
    J = torch.stack([flat(torch.autograd.grad(loss, over, retain_graph=True)) for loss in step.losses]).double()
    rule = Given(gradients=True)
    returned = GradientWeighting(rule, of).backward(step)
    assert returned.tolist() == pytest.approx(w)
    torch.testing.assert_close(rule.gramian, J @ J.T, rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(flat([p.grad for p in shared]), expected, rtol=1e-4, atol=1e-6 * float(expected.norm()))
    for head, gradients in zip(network.heads, of_heads, strict=True):
        for parameter, gradient in zip(head.parameters(), gradients, strict=True):
            torch.testing.assert_close(parameter.grad, gradient, rtol=1e-5, atol=1e-7)


def test_of_several_sources_no_features_are_shared() -> None:
    _, step = first_step("multi", True)
    rule = Given(gradients=True)
    GradientWeighting(rule, "features").backward(step)
    assert rule.gramian is not None
    assert float(rule.gramian[0, 1]) == 0.0
    assert float(rule.gramian.diagonal().min()) > 0.0


def test_a_weighted_sum_of_losses_weighs_heads_too() -> None:
    loop, step = first_step("single", True)
    parameters = list(loop.network.parameters())
    totals = step.losses + step.own_penalties
    weighted = 0.3 * totals[0] + 2.5 * totals[1] + step.penalty
    expected = torch.autograd.grad(weighted, parameters, retain_graph=True)
    LossWeighting(Given(gradients=False)).backward(step)
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "options"),  # by default rules that remember something between steps, and one that does not
    [
        pytest.param(
            *of,
            marks=()
            if of[0] in ("uncertainty", "dwa", "famo") or of[1:] == ({"gradients": "features"},)
            else pytest.mark.slow,
        )
        for of in CONFIGURATIONS
    ],
)
def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(
    name: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = toy()
    config = tables(epochs=4, weighting=name, weighting_options=options, feature_decay=DECAY, metrics_every=4)
    whole = train(config, data=data)
    with monkeypatch.context() as patch:
        interrupted_at(14, patch)  # in the fourth epoch of four steps
        assert train(config, tmp_path, data=data).interrupted
    assert_equal_runs(train(config, tmp_path, data=data), whole)
    weights = [whole.history[-1][f"weight_{t}"] for t in (1, 2)]
    assert weights != pytest.approx([1.0, 1.0])
    with pytest.raises(ValueError, match=r"is of another run: train.weighting"):
        train(tables(epochs=4, feature_decay=DECAY), tmp_path, data=data)


def test_looking_back_leaves_running_statistics_alone() -> None:
    """FAMO evaluates every batch twice; batch normalization has seen each once."""
    plain = train(tables(epochs=2), data=toy())
    famo = train(tables(epochs=2, weighting="famo"), data=toy())
    for one, other in zip(plain.network.modules(), famo.network.modules(), strict=True):
        if isinstance(one, torch.nn.BatchNorm2d):
            assert one.num_batches_tracked == other.num_batches_tracked == 8
    loop, step = first_step("single", False)
    before = copy.deepcopy(loop.network.state_dict())
    loop.weighting.rule.looks_back = True
    loop.weighting.stepped(step)
    for name, tensor in loop.network.state_dict().items():
        assert torch.equal(tensor, before[name]), name


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS)
def test_one_task_is_trained_as_ever(name: str, options: dict[str, Any]) -> None:
    data = toy("multilabel")
    plain = train(tables(epochs=1), data=data)
    assert_equal_runs(train(tables(epochs=1, weighting=name, weighting_options=options), data=data), plain)


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        pytest.param("pcgrad", {"gradients": "features"}, 2.0, marks=pytest.mark.slow),
        pytest.param("dwa", {}, 2.0, marks=pytest.mark.slow),
        pytest.param("uncertainty", {}, 0.1, marks=pytest.mark.slow),
    ],
)
def test_free_features_rest_at_the_minimum_of_the_weighted_problem(
    name: str, options: dict[str, Any], rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backbone without constraints comes to Problem (3) with c = the final weights, which the certificate closes."""
    images = torch.zeros(60, 1, 8, 8, dtype=torch.uint8).numpy()
    images[:, 0, 0, 0] = range(60)
    labels = toy().labels
    data = TaskData("free", ArrayImages(images), labels, (3, 2), "single", (0.0,), (1.0,))

    def build(config: Any, data: TaskData) -> MultiTaskNetwork:
        torch.manual_seed(0)
        return MultiTaskNetwork(FreeFeatures(len(data)), data.classes)

    monkeypatch.setattr(assembly, "build_network", build)
    config = tables(epochs=2500, batch_size=60, learning_rate=rate, final_learning_rate=0.05, metrics_every=2500)
    decay = {"lambda_H": 0.05, "lambda_W": 0.5, "lambda_b": 0.5}
    config["train"] |= {"feature_decay": decay, "weighting": name, "weighting_options": options}
    run = train(config, data=data)
    weights = [run.history[-1][f"weight_{t}"] for t in (1, 2)]
    problem = ufm.SingleSource.from_labels(labels, classes=(3, 2), task_weights=weights, **decay)
    W, b = run.network.head_arrays()
    H = run.network.backbone.H.detach().double().T  # type: ignore[operator,union-attr]
    certificate = verify.certify(problem, W=W, H=H, b=b, labels=labels)
    assert certificate.relative_gap < 1e-4
    if name == "uncertainty":  # and of no other problem
        plain = ufm.SingleSource.from_labels(labels, classes=(3, 2), **decay)
        assert verify.certify(plain, W=W, H=H, b=b, labels=labels).relative_gap > 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weighting": "mdga"}, "weighting='mdga' is not known; did you mean 'mgda'"),
        ({"weighting": "dwa", "weighting_options": {"tau": 1}}, "'tau' is not an option of weighting='dwa'"),
        ({"weighting": "mgda", "weighting_options": {"gradients": "feature"}}, "did you mean 'features'"),
        ({"weighting": "dwa", "weighting_options": {"gradients": "features"}}, "'gradients' is not an option"),
        ({"weighting": "mgda", "task_weights": [1, 2]}, "no other weighting takes them"),
    ],
)
def test_refusals(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_config(tables(**change))
