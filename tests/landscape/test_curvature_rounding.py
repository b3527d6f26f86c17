"""The rounding that curvature states, against 60 digits; and its verdict, which contradicts no proof."""

import mpmath as mp
import numpy as np
import pytest
from high_precision import DIGITS, derivatives

import ufm
import verify
from verify.landscape.hessian import Hessian
from verify.reading.form import forms
from verify.reading.point import read_point


def one_task(counts, smoothing, size):
    return ufm.SingleSource(counts, lambda_H=size, lambda_W=size, lambda_b=size, label_smoothing=smoothing)


SMOOTHED = {
    f"{counts}, {smoothing}, {size:g}": one_task(counts, smoothing, size)
    for counts, smoothing, size in [
        ([5000, 5000, 5000], 0.9, 1e-7),
        ([5000, 5000, 5000], 0.5, 1e-7),
        ([5000, 500, 50], 0.1, 1e-8),
        ([868, 63, 16], 0.9, 1e-11),
        ([40, 3, 1], 0.0, 1e-6),
    ]
}
SMOOTHED["two tasks"] = ufm.SingleSource(
    [[900, 300], [200, 40], [7, 100]],
    task_weights=(2.5, 0.3),
    lambda_H=1e-7,
    lambda_W=3e-8,
    lambda_b=1e-5,
    label_smoothing=0.3,
)


def near(problem, distance, seed=0):
    """(W, H, b) of the solution, each number moved by a relative distance; drawn at random where it is None."""
    solution, rng = ufm.solve(problem), np.random.default_rng(seed)
    arrays = (np.concatenate([w.numpy() for w in solution.W]), solution.H.numpy(), np.concatenate(solution.b))
    if distance is None:
        return tuple(rng.standard_normal(x.shape) for x in arrays)
    return tuple(x * (1.0 + distance * rng.standard_normal(x.shape)) for x in arrays)


@pytest.mark.parametrize("name", list(SMOOTHED))
@pytest.mark.parametrize("distance", [0.0, 1e-6, None])
def test_stated_rounding_bounds_what_60_digits_show(name, distance):
    """Of V, of the gradient and of d²F along the direction of the smallest eigenvalue and along random ones."""
    problem = SMOOTHED[name]
    W, H, b = near(problem, distance)
    (form,) = forms(problem)
    blocks = lambda x: [x[rows] for rows in form.blocks]
    found = verify.curvature(problem, W=blocks(W), H=H, b=blocks(b))
    (point,) = read_point(problem, None, blocks(W), H, blocks(b), None)
    hessian = Hessian(form, point)
    direction = (np.concatenate(found.direction.W), found.direction.H, np.concatenate(found.direction.b))
    V, gradient, second = derivatives(problem, W, H, b, direction)
    with mp.workdps(DIGITS):
        assert abs(second - mp.mpf(found.eigenvalue)) <= found.rounding
        assert np.all(np.abs((V - hessian.V).astype(np.float64)) <= hessian.rounding.V)
        scaled = [g * u for g, u in zip(gradient, vars(hessian.unit).values(), strict=True)]
        norm = mp.sqrt(mp.fsum(mp.fsum((g**2).ravel()) for g in scaled)) / mp.sqrt(2 * mp.mpf(found.objective))
        assert abs(norm - mp.mpf(found.gradient_norm)) <= found.gradient_rounding + 1e-14 * found.gradient_norm
        x = np.random.default_rng(1).standard_normal(hessian.size)
        move = hessian.move(x / np.linalg.norm(x))
        value, rounding = hessian.quadratic(hessian.vector(move))
        assert abs(derivatives(problem, W, H, b, (move.W, move.H, move.b))[2] - mp.mpf(value)) <= rounding


@pytest.mark.parametrize("name", list(SMOOTHED))
def test_a_proven_minimum_is_no_saddle(name):
    problem = SMOOTHED[name]
    solution = ufm.solve(problem)
    certificate = verify.certify(problem, solution, rigorous=True)
    assert certificate.verdict == "global minimum"
    assert certificate.enclosure.relative_width < 1e-12
    assert verify.curvature(problem, solution).verdict in ("no negative curvature", "inconclusive")


def test_what_the_rounding_of_V_hides_is_inconclusive():
    """τ = 2e-11 magnifies float64's rounding of V to 1e-3 of the penalty's curvature and more."""
    problem = one_task([500_000, 63_000, 16_000], 0.9, 1e-12)
    found = verify.curvature(problem, ufm.solve(problem))
    assert found.limit > 1e-3
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("excess", [1e-3, 1e-5, 1e-7])
def test_a_saddle_too_shallow_to_tell_from_the_minimum_is_not_called_one(excess):
    """Zero just below the threshold: its eigenvalue −excess is proven, and F falls from it by about excess² F."""
    threshold = 20 / (4 * 2)
    size = np.sqrt(threshold) / (1 + excess)
    problem = ufm.SingleSource.balanced((2,), 10, lambda_H=size, lambda_W=size, lambda_b=1.0)
    found = verify.curvature(problem, W=[np.zeros((2, 1))], H=np.zeros((1, 2)), b=[np.zeros(2)])
    certified = verify.certify(problem, W=[np.zeros((2, 1))], H=np.zeros((1, 2)), b=[np.zeros(2)])
    assert found.eigenvalue == pytest.approx(-excess, rel=1e-6)
    assert found.eigenvalue < -found.rounding
    assert found.verdict == ("inconclusive" if certified.verdict == "global minimum" else "strict saddle")
    assert (found.verdict == "strict saddle") == (excess == 1e-3)


def test_a_steep_saddle_stays_one_however_small_the_penalties():
    problem = one_task([5000, 5000, 5000], 0.9, 1e-7)
    solution = ufm.solve(problem)
    found = verify.curvature(problem, W=[np.zeros((3, 2))], H=np.zeros((2, 3)), b=solution.b)
    assert found.verdict == "strict saddle"
