"""The objective of many forms is each form's objective."""

import numpy as np
import pytest
import torch
from many_problems import groups

from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.shape import Shape
from ufm.solvers.batch.start import random_start
from ufm.solvers.newton import column_solution
from ufm.solvers.objective import Objective

GROUPS = {f"{group[0].source} {group[0].losses} {group[0].lambda_b}": group for group in groups(each=3, every=1)}


@pytest.mark.parametrize("name", GROUPS)
def test_value_gradient_curvature_and_change_are_each_form_s(name):
    forms = [problem.standard_forms()[0] for problem in GROUPS[name]]
    dim = forms[0].sufficient_dim
    batch = BatchObjective.of(Shape.of(forms[0], dim), forms, "cpu")
    rng = np.random.default_rng(0)
    x, v = (torch.tensor(rng.normal(size=(batch.shape.variables, len(forms)))) for _ in range(2))
    for own in (x, v):
        if forms[0].lambda_b is None:
            batch.split(own)[2].zero_()
    value, pieces = batch.value(x)
    at = batch.linearize(x, pieces)
    gradient = batch.gradient(at)
    product = batch.hessian_vector(at, v)
    change = batch.change(at, gradient, v, batch.linear_change(at, v))
    start = random_start(batch, 7)
    for p, form in enumerate(forms):
        single = Objective(form, dim)
        y, w = x[:, p].contiguous(), v[:, p].contiguous()
        own, own_pieces = single.value(y)
        linear = single.linearize(y, own_pieces)
        slope = single.gradient(linear)
        close = {"rtol": 1e-11, "atol": 1e-11 * float(slope.norm())}
        assert float(value[p]) == pytest.approx(own, rel=1e-13)
        torch.testing.assert_close(gradient[:, p], slope, **close)
        expected = single.hessian_vector(linear, w)
        torch.testing.assert_close(product[:, p], expected, rtol=1e-11, atol=1e-11 * float(expected.norm()))
        assert float(change[p]) == pytest.approx(single.change(linear, slope, w), rel=1e-9)
        assert float(batch.penalty(x)[p]) == pytest.approx(single.penalty(y), rel=1e-13)
        assert float(batch.first_order(gradient, x)[p]) == pytest.approx(single.first_order(slope, y), rel=1e-11)
        assert float(batch.dual_gap_of_gradient(gradient)[p]) == pytest.approx(
            single.dual_gap_of_gradient(slope), rel=1e-11
        )
        assert float(batch.excess(at)[p]) == pytest.approx(single.excess(linear), rel=1e-10)
        torch.testing.assert_close(batch.cancelled(at)[..., p], single.cancelled(linear), rtol=1e-12, atol=1e-300)
        largest = single.largest_logit_change(linear, w)
        linearized = batch.linear_change(at, v)
        assert float(batch.largest_logit_change(linearized, v)[p]) == pytest.approx(largest, rel=1e-12)
        torch.testing.assert_close(start[:, p], column_solution.random_start(single, 7, "cpu"), rtol=1e-12, atol=0.0)
