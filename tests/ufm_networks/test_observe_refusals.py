"""What cannot be observed is refused by name, and the model is as before whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from plain_models import HEADS, ResNet, images, loader, trained_statistics
from torch import Tensor, nn

import ufm_networks
from ufm_networks.not_finite import NotFiniteError

X, Y = images()


def network() -> Any:
    torch.manual_seed(0)
    return trained_statistics(ResNet().double(), X)


def state(model: nn.Module) -> list[Any]:
    hooks = sum(len(module._forward_pre_hooks) + len(module._forward_hooks) for module in model.modules())
    values = [value.clone() for value in model.state_dict().values()]
    modes = [module.training for module in model.modules()]
    gradients = [(value.requires_grad, value.grad is None) for value in model.parameters()]
    return [[hooks, modes, gradients], torch.is_grad_enabled(), torch.is_inference_mode_enabled(), values]


def same(a: list[Any], b: list[Any]) -> bool:
    return a[:3] == b[:3] and all(torch.equal(x, y) for x, y in zip(a[3], b[3], strict=True))


def observe(batches: Any, model: Any = None, heads: Any = HEADS, **options: Any) -> Any:
    """Raises as ``ufm_networks.observe``, after which the model is as before: frozen batch norms, modes, hooks."""
    model = network() if model is None else model
    model.train()
    if hasattr(model, "layer1"):
        model.layer1.bn1.eval()
        model.conv1.requires_grad_(False)
    before = state(model)
    try:
        return ufm_networks.observe(model, batches, heads=heads, **options)
    finally:
        assert same(before, state(model))


def test_mode_gradients_and_hooks_are_put_back() -> None:
    observe(loader(X, Y))


HEADS_BAD: list[tuple[Any, type[Exception], str]] = [
    ({"digit": "fc3"}, ValueError, r"heads\['digit'\]='fc3' is not a module of the model; did you mean 'fc[12]'\?"),
    ({"digit": "layer1.conv1"}, TypeError, r"\(layer1.conv1\) is a Conv2d; a head is an nn.Linear"),
    ({"digit": nn.Linear(12, 3)}, ValueError, "is a Linear that is not part of the model"),
    ({"digit": "fc1", "colour": "fc1"}, ValueError, r"heads\['colour'\] is 'fc1', which is the head of 'digit'"),
    ({}, ValueError, "heads is empty"),
    (["fc1"], TypeError, "heads must name the head of every task"),
    ({"digit": 1}, TypeError, "must be a module or its dotted name, got 1"),
    ({"": "fc1"}, TypeError, "tasks are named by strings"),
]


@pytest.mark.parametrize(("heads", "error", "message"), HEADS_BAD, ids=[m[:24] for _, _, m in HEADS_BAD])
def test_heads(heads: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        observe(loader(X, Y), heads=heads)


def changed(i: int, t: int, value: int) -> Tensor:
    y = Y.clone()
    y[i, t] = value
    return y


def batch(labels: Any, x: Tensor = X) -> list[Any]:
    return [(x[:16], Y[:16]), (x[16:], labels)]


LABELS_BAD: list[tuple[Any, str]] = [
    (batch(changed(20, 1, 4)[16:]), r"batch 1: sample 4 has label 4 of task 'colour', .* classes 0 … 3"),
    (batch(changed(20, 0, -100)[16:]), r"label -100 of task 'digit', .* pass missing=-100"),
    (batch(torch.full((74, 2), -1)), "batch 1: sample 0 has no label in any task"),
    (batch(Y[16:, 0]), r"batch 1: labels have shape \(74, 1\); heads name 2 tasks"),
    (batch([Y[16:, 0]] * 3), "batch 1: labels are a list of 3; heads name 2"),
    (batch([Y[16:, 0], Y[17:, 1]]), r"have \[74, 73\] labels"),
    (batch({"digits": Y[16:, 0]}), r"labels of task='digits' is not known; did you mean 'digit'\?"),
    (batch(Y[16:].double() + 0.5), "batch 1: labels must hold integers"),
    (batch(Y[17:]), "74 features enter head 'digit', and the batch has 73 labels"),
    ([{"image": X, "label": Y}], r"keys 'image', 'label', which is not \(inputs, labels\); .*unpack="),
    ([], "the loader is empty"),
    ([(X[:0], Y[:0])], "the loader is empty"),
    (iter([(X, Y)]), "goes through its samples once, and two passes are needed"),
    (((x, y) for x, y in [(X, Y)]), "loader is a generator, which goes through its samples once"),
]


@pytest.mark.parametrize(("batches", "message"), LABELS_BAD, ids=[message[:30] for _, message in LABELS_BAD])
def test_labels_and_loaders(batches: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        observe(batches)


def test_options() -> None:
    for options, error, message in [
        ({"missing": 2}, ValueError, "missing=2 is a class of a head"),
        ({"pool": "max"}, ValueError, "pool='max' must be \"mean\""),
        ({"unpack": 3}, TypeError, "unpack must be a function"),
        ({"unpack": lambda batch: batch[0]}, ValueError, r"batch 0: unpack must give \(inputs, labels\)"),
    ]:
        with pytest.raises(error, match=message):
            observe(loader(X, Y), **options)
    with pytest.raises(TypeError, match="loader must give batches in a loop"):
        observe(3)
    with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module"):
        ufm_networks.observe("resnet", loader(X, Y), heads=HEADS)  # type: ignore[arg-type]


class Passes:
    """Other rows in the second pass."""

    def __init__(self, rows: Any, again: Any = None, x: Tensor = X, later: Tensor | None = None) -> None:
        self.rows, self.again, self.x, self.later, self.calls = rows, again, x, later, 0

    def __iter__(self) -> Iterator[Any]:
        rows, x = (self.again, self.later) if self.calls else (self.rows, self.x)
        self.calls += 1
        x = self.x if x is None else x
        while True:
            for part in np.array_split(np.asarray(rows), 5):
                yield x[part], Y[part]
            if not isinstance(rows, range):
                return


N = len(X)
ALL = list(range(N))
TWIN = next(i for i in range(1, N) if torch.equal(Y[i], Y[0]))
PASSES: list[tuple[Any, str]] = [
    (Passes(ALL, ALL[:60]), "second pass over the loader shows 60 samples, and 90 were due"),
    (Passes(ALL, [*ALL, *ALL]), "shows .* or more, after which it was stopped, and 90 were due"),
    (Passes(ALL, [*ALL, 0]), "shows 91 samples or more, .* and 90 were due"),
    (Passes(ALL, []), "shows no sample, the first 90"),
    (Passes(ALL, range(N)), "samples or more, after which it was stopped"),
    (Passes(ALL, [TWIN, *ALL[1:]]), r"of digit=\d, colour=\d, \d+ of \d+ samples differ"),
    (Passes(ALL, ALL, later=X + 0.01 * torch.randn_like(X)), "or it augments, or the model is random"),
    (Passes(ALL, [*ALL[1:], *ALL[1:2]]), r"of digit=\d, colour=\d instead of"),
]


@pytest.mark.parametrize(("batches", "message"), PASSES, ids=[message[:40] for _, message in PASSES])
def test_another_second_pass(batches: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        observe(batches)


def test_shuffled_and_other_batches_are_the_same_samples() -> None:
    order = np.random.default_rng(0).permutation(N)
    observe(Passes(ALL, order))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_name_the_batch(value: float) -> None:
    x = X.clone()
    x[37] = value
    with pytest.raises(NotFiniteError, match=r"batch 2: 1 of 16 samples .* the first is sample 5"):
        observe(loader(x, Y, shuffle=False))


class Random(ResNet):
    """Dropout that evaluation mode does not switch off."""

    def features(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(super().features(x), 0.3, training=True)


class Twice(ResNet):
    def forward(self, x: Tensor) -> Any:
        return self.fc1(self.features(x)), self.fc1(self.features(x) + 1), self.fc2(self.features(x))


class Apart(ResNet):
    def forward(self, x: Tensor) -> Any:
        return self.fc1(self.features(x)), self.fc2(self.features(x) + 1)


class Functional(ResNet):
    def forward(self, x: Tensor) -> Any:
        h = self.features(x)
        return nn.functional.linear(h, self.fc1.weight), self.fc2(h)


MODELS: list[tuple[Callable[[], nn.Module], str]] = [
    (Random, "the model is random in evaluation mode"),
    (Twice, "batch 0: head 'digit' ran twice in one forward pass"),
    (Apart, "batch 0: heads 'digit' and 'colour' read different features of the same samples"),
    (Functional, r"batch 0: head 'digit' \(fc1\) did not run"),
]


@pytest.mark.parametrize(("kind", "message"), MODELS, ids=[kind.__name__ for kind, _ in MODELS])
def test_models(kind: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        observe(loader(X, Y), trained_statistics(kind().double(), X))


def test_an_error_of_the_model_is_its_own() -> None:
    with pytest.raises(RuntimeError, match=r"Double|double|same dtype|float"):
        observe(loader(X.float(), Y))


def test_lambdas() -> None:
    observed = observe(loader(X, Y))
    for options, error, message in [
        ({}, TypeError, "give weight_decay= .* one of the two"),
        ({"weight_decay": 1e-3, "lambdas": (1, 1, 1)}, TypeError, "not both"),
        ({"weight_decay": 0.0}, ValueError, "weight_decay must be finite and > 0"),
        ({"lambdas": (1, 1)}, TypeError, r"lambdas must be \(λ_H, λ_W, λ_b\)"),
        ({"lambdas": (-1, 1, 1)}, ValueError, r"lambdas\[0\] \(λ_H\)"),
        ({"lambdas": (1, 1, None)}, ValueError, "the problem has no bias"),
        ({"weight_decay": 1e-3, "loss": "squared"}, ValueError, "squared-error"),
    ]:
        with pytest.raises(error, match=message):
            observed.certify(**options)
    assert observed.certify(lambdas=(None, 0.5, 0.0)).lambdas[0].lambda_b == 0.0
