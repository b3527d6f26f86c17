"""Gradient steps leave the device alone: checked without one, on tensors that have no values to read."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from elsewhere import META, Traffic, elsewhere
from torch.overrides import TorchFunctionMode

import ufm
from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.minimize import build
from ufm.solvers.gradient.samples import expand
from ufm.solvers.gradient.settings import settled
from ufm.solvers.gradient.weighted_momentum import weighted_momentum

BLIND = [  # steps that need no number of the device
    {"learning_rate": 1e-2},
    {"optimizer": "adam"},
    {"optimizer": "adam", "learning_rate": 1e-2},
    *({"learning_rate": 1e-2, "weighting": name} for name in ("dwa", "famo", "uncertainty")),
]
GRAMIANS = ("fairgrad", "mgda", "pcgrad")  # weights from small problems solved on the CPU
LOSSES = ("cross-entropy", "squared-error", "binary-cross-entropy")


def method(options: dict[str, Any], loss: Any = "cross-entropy", dtype: str = "float32") -> Method:
    given = {"lambda_H": 1e-3, "lambda_W": 1e-3, "lambda_b": 1e-3, "loss": loss}
    problem = ufm.SingleSource.balanced((3, 2), 4, **given)
    (form,) = problem.standard_forms()
    settings = settled(ufm.Gradient(dtype=dtype, **options), dim=6)
    samples = expand(form, problem.counts, settings.device, settings.dtype)
    if settings.weighting is not None:
        return weighted_momentum(form, problem.counts, samples, settings)
    return build(samples, settings)


@pytest.mark.parametrize("loss", [*LOSSES, ("cross-entropy", "squared-error")])
@pytest.mark.parametrize("options", BLIND, ids=str)
@torch.no_grad()
def test_no_read_and_no_copy(options: dict[str, Any], loss: Any) -> None:
    there = elsewhere(method(options, loss))
    with Traffic() as traffic:
        there.step()
    assert traffic.operations > 10
    assert traffic.found == []
    assert there.point.vector.device == META


@pytest.mark.parametrize("weighting", GRAMIANS)
@torch.no_grad()
def test_weights_from_gradients_read_the_gramian_alone(weighting: str) -> None:
    there: Any = elsewhere(method({"learning_rate": 1e-2, "weighting": weighting}))
    asked = []

    def weights(losses: torch.Tensor, gramian: torch.Tensor) -> torch.Tensor:
        asked.append(gramian.shape)
        return torch.ones_like(losses)

    there.weighting.weights = weights
    with Traffic() as traffic:
        there.step()
    assert traffic.found == []
    assert asked == [(2, 2)]


class Reads(TorchFunctionMode):
    """Counts the numbers that Python asks tensors for."""

    number = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += getattr(func, "__name__", "") in ("tolist", "item", "__float__", "__bool__", "__int__")
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("options", [{}, {"optimizer": "lbfgs"}], ids=str)
@torch.no_grad()
def test_line_searches_read_as_often_whatever_the_number_of_chunks(options: dict[str, Any]) -> None:
    reads = []
    for rows in (24, 5):
        own: Any = method(options, dtype="float64")
        own.objective.chunk_rows = rows
        with Reads() as seen:
            for _ in range(5):
                own.step()
        reads.append(seen.number)
    assert reads[0] == reads[1] <= 5 * 25


@torch.no_grad()
def test_what_waits_is_noticed() -> None:
    x = torch.ones(3, 3)
    with Traffic() as traffic:
        float(x.sum())
        x[x > 0]
        x.nonzero()
    assert {"_local_scalar_dense", "index", "nonzero"} <= set(traffic.found)
    with Traffic() as traffic, pytest.raises(RuntimeError):
        torch.ones(3, device="meta") + x[0]
    assert traffic.found == ["add: operands on two devices"]
    with Traffic() as traffic:
        x.to("meta")
    assert traffic.found == ["_to_copy: from cpu to meta"]
