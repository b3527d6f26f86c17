"""Operands of Newton's products, alone and batched, are on one device."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from elsewhere import META, Traffic, elsewhere

import ufm
from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.shape import Shape
from ufm.solvers.batch.start import start
from ufm.solvers.batch.trust_region import Batch
from ufm.solvers.objective import Objective

LOSSES = ("cross-entropy", "squared-error", "binary-cross-entropy", ("cross-entropy", "squared-error"))


def form(loss: Any) -> Any:
    counts = [[4, 3], [2, 5], [1, 2]]
    given: dict[str, Any] = {"lambda_H": 1e-2, "lambda_W": 1e-2, "lambda_b": 1e-2, "loss": loss}
    return ufm.SingleSource(counts, **given).standard_forms()[0]


@pytest.mark.parametrize("loss", LOSSES)
@torch.inference_mode()
def test_batched_steps(loss: Any) -> None:
    forms = [form(loss)] * 32
    shape = Shape.of(forms[0], forms[0].sufficient_dim)
    objective = BatchObjective.of(shape, forms, "cpu")
    there = elsewhere(Batch.begun(objective, start(objective, 0), 1e-12))
    with Traffic() as traffic:
        there.product()
        there.step()
    assert traffic.operations > 100
    assert traffic.found == []
    assert there.state.x.device == META


@pytest.mark.parametrize("loss", LOSSES)
@torch.inference_mode()
def test_products(loss: Any) -> None:
    own = Objective(form(loss), 6)
    x = torch.ones(own.variables, dtype=torch.float64)
    there, at = elsewhere((own, own.linearize(x, own.value(x)[1])))
    with Traffic() as traffic:
        product = there.hessian_vector(at, elsewhere(x))
        gradient = there.gradient(at)
    assert traffic.found == []
    assert product.device == gradient.device == META
