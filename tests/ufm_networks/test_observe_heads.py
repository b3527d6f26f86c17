"""Heads as models have them: with two names, with weights made anew in each pass, with forward passes of their own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from plain_models import HEADS, ResNet, by_hand, images, loader
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

import ufm_networks

X, Y = images()


def network() -> ResNet:
    torch.manual_seed(0)
    return ResNet().double()


def test_a_head_with_two_names_goes_by_either_and_is_one_head() -> None:
    model = network()
    model.classifier = model.fc1
    by_name = ufm_networks.observe(model, loader(X, Y), heads={"digit": "classifier", "colour": "fc2"})
    assert by_name.metrics() == pytest.approx(ufm_networks.observe(model, loader(X, Y), HEADS).metrics(), rel=1e-9)
    with pytest.raises(ValueError, match=r"heads\['colour'\] is 'classifier', which is the head of 'digit' already"):
        ufm_networks.observe(model, loader(X, Y), heads={"digit": "fc1", "colour": "classifier"})


def old_weight_norm(head: nn.Linear) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nn.utils.weight_norm(head)


MADE_ANEW: list[Callable[[Any], Any]] = [
    old_weight_norm,
    nn.utils.spectral_norm,
    lambda head: prune.l1_unstructured(head, "weight", 0.5),
    nn.utils.parametrizations.weight_norm,
]


@pytest.mark.parametrize("made", MADE_ANEW, ids=["weight_norm", "spectral_norm", "prune", "parametrized"])
def test_a_weight_that_each_pass_makes_anew_is_that_after_the_last_step(made: Callable[[Any], Any]) -> None:
    model = network().train()
    made(model.fc1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    functional.cross_entropy(model(X)[0], Y[:, 0]).backward()
    optimizer.step()  # ``fc1.weight`` of a hook is that of before the step
    model.eval()
    observed = ufm_networks.observe(model, loader(X, Y), HEADS)
    with torch.no_grad():
        logits = model(X)[0].numpy()
    bias = model.fc1.bias.detach().numpy()
    np.testing.assert_allclose(by_hand(model, X) @ observed.W[0].T + bias, logits, rtol=1e-9, atol=1e-9)


class Cosine(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(functional.normalize(input), functional.normalize(self.weight), self.bias)


class Told(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input)


def test_a_subclass_is_a_head_where_its_logits_are_linear() -> None:
    model = network()
    model.fc1 = Told(12, 3).double()
    assert ufm_networks.observe(model, loader(X, Y), HEADS).classes == (3, 4)
    model.fc1 = Cosine(12, 3).double()
    with pytest.raises(TypeError, match=r"\(fc1\) is a Cosine, which gives other logits than W h \+ b"):
        ufm_networks.observe(model, loader(X, Y), HEADS)


def test_a_head_without_a_weight_yet_is_refused() -> None:
    model = network()
    model.fc1 = nn.LazyLinear(3)
    with pytest.raises(ValueError, match=r"heads\['digit'\] \(fc1\) has no weight yet; run a batch"):
        ufm_networks.observe(model, loader(X, Y), HEADS)


class Squeezing(ResNet):
    def features(self, x: Tensor) -> Tensor:
        return super().features(x).squeeze()


@pytest.mark.parametrize("pool", [None, "mean"])
def test_a_batch_of_one_whose_axis_the_model_squeezes_is_refused(pool: str | None) -> None:
    with pytest.raises(ValueError, match=r"batch 1: what enters head 'digit' has shape \(12,\), without an axis"):
        ufm_networks.observe(Squeezing().double(), [(X[:9], Y[:9]), (X[9:10], Y[9:10])], HEADS, pool=pool)


class Overwriting(ResNet):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.features(x)
        first = self.fc1(h)
        return first, self.fc2(h.mul_(3))


def test_features_that_are_written_over_after_a_head_has_read_them_are_refused() -> None:
    with pytest.raises(ValueError, match="batch 0: the model writes over what has entered head 'digit'"):
        ufm_networks.observe(Overwriting().double(), loader(X, Y), HEADS)


def test_a_task_that_a_dict_leaves_out_has_no_label_whatever_stands_for_none() -> None:
    batches = [(X[:40], {"digit": Y[:40, 0]}), (X[40:], {"digit": Y[40:, 0], "colour": Y[40:, 1]})]
    found = [ufm_networks.observe(network(), batches, HEADS, missing=missing) for missing in (-1, -100)]
    assert found[0].to_dict() == found[1].to_dict()
    assert (found[1].labels[:, 1] == -1).any()


def test_a_table_of_tasks_with_names_of_its_columns_keeps_both() -> None:
    observed = ufm_networks.observe(network(), loader(X, Y), heads={"samples": "fc1", "digit": "fc2"})
    assert list(observed.to_frame()) == ["label samples", "digit", "samples", "spread", "mean_norm"]
