"""Curvature and critical points over losses × biases × targets."""

import itertools

import numpy as np
import pytest
from family import NAMES, SOURCES, problem_at_random
from landscape_problems import derivatives, parts, random_point

import ufm
from verify import critical_points, curvature
from verify.landscape.hessian import Hessian

BIASES = ("penalized", "free", "none")
CASES = list(itertools.product(SOURCES, BIASES))


def problem_of(source, bias):
    seed = 3 * SOURCES.index(source) + BIASES.index(bias)
    losses = None if source == "regression" or seed % 4 == 0 else [NAMES[seed % 3]]
    return problem_at_random(np.random.default_rng(seed), source, losses, bias)


@pytest.mark.parametrize(("source", "bias"), CASES)
def test_gradient_and_hessian_are_those_of_a_literal_loop(source, bias):
    problem = problem_of(source, bias)
    for form, point in parts(problem, random_point(problem, 2, repeats=2 if source == "multi" else 1)):
        hessian = Hessian(form, point)
        gradient, full = derivatives(form, point)
        gradient, full = gradient[: hessian.size], full[: hessian.size, : hessian.size]  # b last, where it is variable
        unit = np.concatenate(
            [
                np.broadcast_to(u, s).ravel()
                for u, s in zip((hessian.unit.W, hessian.unit.H), hessian.shapes, strict=False)
            ]
            + [hessian.unit.b[: hessian.shapes[2][0]]]
        )
        wanted = unit[:, None] * full * unit
        found = np.stack([hessian.product(x) for x in np.eye(hessian.size)])
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-11 * np.abs(wanted).max())
        np.testing.assert_allclose(
            hessian.gradient, unit * gradient, rtol=0, atol=1e-11 * np.abs(unit * gradient).max()
        )
        x = np.random.default_rng(0).standard_normal(hessian.size)
        value, rounding = hessian.quadratic(x)
        assert value == pytest.approx(x @ hessian.product(x), rel=1e-11, abs=rounding)
        np.testing.assert_allclose(hessian.vector(hessian.move(x)), x, rtol=1e-14)


@pytest.mark.parametrize(("name", "bias"), list(itertools.product(NAMES, (0.05, 0.0, None))))
def test_minima_have_no_negative_curvature_and_zero_is_a_strict_saddle(name, bias):
    problem = ufm.SingleSource([[9, 2], [3, 8]], loss=name, lambda_H=0.05, lambda_W=0.05, lambda_b=bias)
    found = curvature(problem, ufm.solve(problem))
    assert found.verdict == "no negative curvature"
    assert abs(found.eigenvalue) < 1e-8
    W, H = [np.zeros((2, 4))] * 2, np.zeros((4, 4))
    zero = curvature(problem, W=W, H=H)
    if bias is None:
        assert zero.verdict == "strict saddle"
        assert zero.better_objective < zero.objective
    assert zero.eigenvalue < 0.0


@pytest.mark.parametrize(
    ("loss", "bias"), [*itertools.product(NAMES, (0.05, 0.0, None)), (("cross-entropy", "squared-error"), 0.0)]
)
def test_known_critical_points_are_minima_or_strict_saddles(loss, bias):
    problem = ufm.SingleSource.correlated(
        2, n_same=30, n_different=10, loss=loss, lambda_H=0.05, lambda_W=0.05, lambda_b=bias
    )
    found = critical_points(problem)
    assert found.benign
    assert not found.left_out
    assert found[0].is_global
    names = {point.name for point in found}
    assert "zero" in names
    assert ("heads of the tasks equal" in names) == isinstance(loss, str)


@pytest.mark.parametrize("name", NAMES)
def test_critical_points_of_tasks_alone_and_of_other_targets(name):
    """Tasks alone are critical where the others' residuals sum to zero; of targets without classes no task is alone."""
    settings = {"loss": name, "lambda_H": 0.05, "lambda_W": 0.05}
    free = critical_points(ufm.SingleSource.balanced((2, 3), 4, lambda_b=0.0, **settings))
    assert {"task 1 alone", "task 2 alone"} <= {point.name for point in free}
    assert free.benign
    assert not free.left_out
    rng = np.random.default_rng(0)
    soft = ufm.SingleSource.from_probabilities([rng.dirichlet(np.ones(2), 6)] * 2, lambda_b=0.05, **settings)
    assert critical_points(soft).benign
