"""Observed metrics are those of stacked features, whatever the model, its format, and how labels come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from plain_models import CLASSES, HEADS, Encoder, ResNet, by_hand, images, loader, trained_statistics
from torch import nn

import ufm
import ufm_networks
import verify

LAMBDAS: dict[str, Any] = {"lambda_H": 0.1, "lambda_W": 0.2, "lambda_b": 0.3}


def network(dtype: torch.dtype = torch.float64, **options: Any) -> Any:
    torch.manual_seed(0)
    return trained_statistics(ResNet(**options).to(dtype), images(dtype=dtype)[0])


def observe(*args: Any, **options: Any) -> Any:
    """With all there is to measure."""
    return ufm_networks.observe(*args, effective_rank=True, **options)


def stacked(problem: Any, heads: list[nn.Linear], H: Any, labels: Any) -> Mapping[str, float]:
    W, b = [head.weight for head in heads], [head.bias for head in heads]
    return verify.metrics(problem, W=W, H=H, b=b, labels=labels, classic=True)


def close(a: Mapping[str, float], b: Mapping[str, float], rtol: float = 1e-9) -> None:
    assert a.keys() == b.keys()
    np.testing.assert_allclose(list(a.values()), list(b.values()), rtol=rtol, atol=1e-13)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 1e-5)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_resnet_has_the_metrics_of_its_stacked_features(dtype: torch.dtype, rtol: float, bias: bool) -> None:
    model = network(dtype, bias=bias)
    x, y = images(dtype=dtype)
    observed = observe(model, loader(x, y), heads={"digit": model.fc1, "colour": "fc2"})
    problem = ufm.SingleSource.from_labels(y, classes=CLASSES, **LAMBDAS)
    close(observed.metrics(classic=True), stacked(problem, [model.fc1, model.fc2], by_hand(model, x).T, y), rtol)
    assert observed.has_bias == bias


@pytest.mark.parametrize("form", ["table", "list", "dict", "apart"])
def test_labels_in_any_shape(form: str) -> None:
    model, (x, y) = network(), images()
    shapes: dict[str, Any] = {
        "table": lambda b: (b[0], b[1]),
        "list": lambda b: (b[0], [b[1][:, 0], b[1][:, 1]]),
        "dict": lambda b: (b[0], {"colour": b[1][:, 1], "digit": b[1][:, :1]}),
        "apart": None,
    }
    batches = loader(x, y)
    if form == "apart":
        batches = [(x[:50], y[:50, 0], y[:50, 1]), (x[50:], y[50:, 0], y[50:, 1])]
    observed = observe(model, batches, heads=HEADS, unpack=shapes[form])
    close(observed.metrics(classic=True), observe(model, loader(x, y), heads=HEADS).metrics(classic=True))


@pytest.mark.parametrize("missing", [-1, -100])
def test_missing_labels(missing: int) -> None:
    model, (x, y) = network(), images()
    absent = y.clone()
    absent[::3, 0], absent[1::5, 1] = missing, missing
    absent[(absent == missing).all(dim=1), 0] = 1
    observed = observe(model, loader(x, absent), heads=HEADS, missing=missing)
    problem = ufm.SingleSource.from_labels(absent, classes=CLASSES, missing=missing, **LAMBDAS)
    filled = torch.where(absent == missing, -1, absent)
    close(observed.metrics(classic=True), stacked(problem, [model.fc1, model.fc2], by_hand(model, x).T, filled))
    np.testing.assert_array_equal(observed.problem(**LAMBDAS).labels, problem.labels)
    np.testing.assert_array_equal(observed.problem(**LAMBDAS).counts, problem.counts)


def test_one_task() -> None:
    model, (x, y) = network(), images()
    observed = observe(model, loader(x, y[:, 1]), heads={"colour": "fc2"})
    problem = ufm.SingleSource.from_labels(y[:, 1:], classes=CLASSES[1:], **LAMBDAS)
    with_reasons = observed.metrics(classic=True)
    close(
        {k: v for k, v in with_reasons.items() if not np.isnan(v)},
        {k: v for k, v in stacked(problem, [model.fc2], by_hand(model, x).T, y[:, 1:]).items() if not np.isnan(v)},
    )
    assert "one task" in with_reasons.reasons["SNC3"] or with_reasons.reasons["SNC3"]


class OneAtATime(ResNet):
    """One head a batch, with features that its own branch makes."""

    def forward(self, x: torch.Tensor, task: str) -> Any:
        h = self.features(x)
        return self.fc1(h) if task == "digit" else self.fc2(2 * h)


def test_samples_of_one_task_each_are_problem_4() -> None:
    torch.manual_seed(0)
    model = OneAtATime().double()
    x, y = images()
    batches = [("digit", x[:30], y[:30, 0]), ("colour", x[30:70], y[30:70, 1]), ("digit", x[70:], y[70:, 0])]

    def unpack(batch: Any) -> Any:
        task, inputs, labels = batch
        return (inputs, task), {task: labels}

    observed = observe(model, batches, heads=HEADS, unpack=unpack)
    h = by_hand(model, x)
    first = np.r_[0:30, 70:90]
    labels = [y[first, 0].numpy(), y[30:70, 1].numpy()]
    problem = ufm.MultiSource.from_labels(labels, classes=CLASSES, **LAMBDAS)
    exact = stacked(problem, [model.fc1, model.fc2], [h[first].T, 2 * h[30:70].T], labels)
    close(observed.metrics(classic=True), exact)
    assert isinstance(observed.problem(**LAMBDAS), ufm.MultiSource)
    certificate = observed.certify(weight_decay=0.01)
    assert [found.lambda_W for found in certificate.lambdas] == [50 * 0.01 / 2, 40 * 0.01 / 2]
    assert observed.compare(weight_decay=0.01).keys() == {"digit", "colour"}


@pytest.mark.parametrize("pool", ["mean", "first", "last", lambda h: h.amax(dim=1)])
def test_a_transformer_whose_heads_read_tokens(pool: Any) -> None:
    torch.manual_seed(0)
    model = Encoder().double()
    own = torch.Generator().manual_seed(1)
    ids = torch.randint(0, 20, (60, 5), generator=own)
    y = torch.stack([torch.randint(0, k, (60,), generator=own) for k in CLASSES], dim=1)
    batches = [{"input_ids": ids[i : i + 20], "labels": y[i : i + 20]} for i in (0, 20, 40)]

    def unpack(batch: Any) -> Any:
        return {"input_ids": batch["input_ids"]}, batch["labels"]

    heads = {"digit": "classifier.digit", "colour": model.classifier["colour"]}
    with pytest.raises(ValueError, match=r'batch 0: .* shape \(20, 5, 8\).*pool="mean"'):
        observe(model, batches, heads=heads, unpack=unpack)
    observed = observe(model, batches, heads=heads, unpack=unpack, pool=pool)
    model.eval()
    with torch.no_grad():
        tokens = model.layer(model.embed(ids))
    pooled = {"mean": tokens.mean(dim=1), "first": tokens[:, 0], "last": tokens[:, -1]}
    h = pooled[pool] if isinstance(pool, str) else pool(tokens)
    problem = ufm.SingleSource.from_labels(y, classes=CLASSES, **LAMBDAS)
    close(observed.metrics(classic=True), stacked(problem, list(model.classifier.values()), h.T, y), 1e-8)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.bfloat16, 5e-2), (torch.float16, 5e-3)])
def test_half_precision_is_summed_in_float64(dtype: torch.dtype, rtol: float) -> None:
    model, (x, y) = network(dtype=torch.float32).to(dtype), images(dtype=dtype)
    observed = observe(model, loader(x, y, shuffle=False), heads=HEADS)
    problem = ufm.SingleSource.from_labels(y, classes=CLASSES, **LAMBDAS)
    h = torch.cat([torch.as_tensor(by_hand(model, x[i : i + 16])) for i in range(0, len(x), 16)])
    heads = [nn.Linear(12, k).double() for k in CLASSES]
    for head, given in zip(heads, (model.fc1, model.fc2), strict=True):
        head.load_state_dict({name: value.double() for name, value in given.state_dict().items()})
    close(observed.metrics(classic=True), stacked(problem, heads, h.T, y), 1e-9)
    reference = network(torch.float32)
    exact = observe(reference, loader(x.float(), y), heads=HEADS).metrics(classic=True)
    assert observed.metrics(classic=True)["SNC1"] == pytest.approx(exact["SNC1"], rel=rtol)


def test_the_objective_is_the_loss_that_training_minimizes() -> None:
    """N (mean loss + ½ wd ‖heads‖²) + λ_H Σ‖h‖², by PyTorch's own losses."""
    model, (x, y), wd = network(), images(), 0.02
    observed = observe(model, loader(x, y), heads=HEADS)
    certificate = observed.certify(weight_decay=wd)
    (found,) = certificate.lambdas
    h = torch.as_tensor(by_hand(model, x))
    loss = sum(
        nn.functional.cross_entropy(head(h), y[:, t], reduction="sum") for t, head in enumerate((model.fc1, model.fc2))
    )
    squared_W = sum(float(head.weight.detach().square().sum()) for head in (model.fc1, model.fc2))
    squares = sum(float(p.detach().square().sum()) for head in (model.fc1, model.fc2) for p in head.parameters())
    assert found.lambda_W == found.lambda_b == 0.9
    assert found.lambda_H == pytest.approx(0.9 * squared_W / float(h.square().sum()), rel=1e-12)
    F = float(loss.detach()) + len(x) * wd / 2 * squares + found.lambda_H * float(h.square().sum())
    assert certificate.objective == pytest.approx(F, rel=1e-12)
    problem = observed.problem(**found.settings())
    exact = verify.certify(
        problem, W=[model.fc1.weight, model.fc2.weight], b=[model.fc1.bias, model.fc2.bias], H=h.T, labels=y
    )
    assert certificate.objective == pytest.approx(exact.objective, rel=1e-12)
    assert exact.lower_bound <= certificate.objective
    assert certificate.lower_bound <= ufm.solve(problem).objective <= certificate.means_objective


@pytest.mark.parametrize("loss", ["squared-error", ("binary-cross-entropy", "cross-entropy")])
def test_other_losses(loss: Any) -> None:
    model, (x, y) = network(bias=False), images()
    observed = observe(model, loader(x, y), heads=HEADS)
    certificate = observed.certify(lambdas=(0.1, 0.2, None), loss=loss)
    problem = observed.problem(lambda_H=0.1, lambda_W=0.2, lambda_b=None, loss=loss)
    exact = verify.certify(problem, W=[model.fc1.weight, model.fc2.weight], H=by_hand(model, x).T, labels=y)
    assert certificate.objective == pytest.approx(exact.objective, rel=1e-12)


def test_without_bias_the_model_has_none() -> None:
    model, (x, y) = network(bias=False), images()
    observed = observe(model, loader(x, y), heads=HEADS)
    assert observed.certify(weight_decay=5e-4).lambdas[0].lambda_b is None
    assert "none (no bias)" in str(observed.certify(weight_decay=5e-4))
