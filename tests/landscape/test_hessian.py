"""The Hessian against automatic differentiation of a literal loop, and its eigenvalues by two methods."""

import numpy as np
import pytest
from landscape_problems import PROBLEMS, derivatives, parts, random_point

import ufm
from verify.landscape.escape import escape_direction
from verify.landscape.hessian import Hessian
from verify.landscape.lowest import lowest_dense, lowest_lanczos

SMALL = [name for name in PROBLEMS if name != "orthogonal array"]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("repeats", [1, 2])
def test_gradient_and_hessian_are_those_of_a_literal_loop(name, repeats):
    problem = PROBLEMS[name]
    for form, point in parts(problem, random_point(problem, 2, repeats=repeats)):
        hessian = Hessian(form, point)
        gradient, full = derivatives(form, point)
        unit = np.concatenate(
            [np.broadcast_to(u, s).ravel() for u, s in zip(vars(hessian.unit).values(), hessian.shapes, strict=True)]
        )
        wanted = unit[:, None] * full * unit
        found = np.stack([hessian.product(x) for x in np.eye(hessian.size)])
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-11 * np.abs(wanted).max())
        np.testing.assert_allclose(
            hessian.gradient, unit * gradient, rtol=0, atol=1e-11 * np.abs(unit * gradient).max()
        )


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_quadratic_form_is_the_product(name):
    problem = PROBLEMS[name]
    rng = np.random.default_rng(1)
    for form, point in parts(problem, random_point(problem, 3)):
        hessian = Hessian(form, point)
        for _ in range(3):
            x = rng.standard_normal(hessian.size)
            value, rounding = hessian.quadratic(x)
            assert value == pytest.approx(x @ hessian.product(x), rel=1e-11, abs=rounding)
            np.testing.assert_allclose(hessian.vector(hessian.move(x)), x, rtol=1e-14)


def points_of_every_kind(problem):
    solution = ufm.solve(problem)
    narrow = ufm.solve(problem, dim=1)
    wide = [np.pad(w, ((0, 0), (0, solution.dim - 1))) for w in narrow.W]
    pad = lambda h: np.pad(h, ((0, solution.dim - 1), (0, 0)))
    H = [pad(h) for h in narrow.H] if problem.source == "multi" else pad(narrow.H)
    saddle = type(random_point(problem, 1))(W=wide, H=H, b=narrow.b, labels=problem.labels)
    return {"minimum": solution, "saddle": saddle, "random": random_point(problem, solution.dim)}


@pytest.mark.parametrize(
    "name", ["two tasks", "weights", "long tail", "correlated K = 3", "multi source", "label sets"]
)
def test_lanczos_finds_what_the_dense_decomposition_finds(name):
    problem = PROBLEMS[name]
    for kind, at in points_of_every_kind(problem).items():
        for form, point in parts(problem, at):
            hessian = Hessian(form, point)
            exact, _ = lowest_dense(hessian)
            found, x = lowest_lanczos(hessian, escape_direction(hessian))
            assert found == pytest.approx(exact, rel=1e-8, abs=1e-8), kind
            assert np.linalg.norm(hessian.product(x) - found * x) < 1e-6 * (1 + abs(found))


def test_lanczos_needs_no_good_start():
    """From the zero vector: the random part alone finds the direction."""
    problem = PROBLEMS["two tasks"]
    for form, point in parts(problem, points_of_every_kind(problem)["saddle"]):
        hessian = Hessian(form, point)
        assert lowest_lanczos(hessian, np.zeros(hessian.size))[0] == pytest.approx(lowest_dense(hessian)[0], rel=1e-8)


@pytest.mark.parametrize("name", ["two tasks", "weights", "5.1", "label sets"])
@pytest.mark.parametrize("extra", [0, 2])
def test_a_minimum_is_flat_along_rotations_and_nowhere_else(name, extra):
    """Rank r in R^d: rotations move r (r − 1)/2 + r (d − r) dimensions, and the Hessian has as many zeros."""
    problem = PROBLEMS[name]
    rank = ufm.solve(problem).dim
    for form, point in parts(problem, ufm.solve(problem, dim=rank + extra)):
        hessian = Hessian(form, point)
        full = np.stack([hessian.product(x) for x in np.eye(hessian.size)])
        eigenvalues = np.linalg.eigvalsh((full + full.T) / 2)
        assert eigenvalues[0] > -1e-9
        assert np.sum(eigenvalues < 1e-8) == rank * (rank - 1) // 2 + rank * extra


def test_the_way_out_of_a_wide_space_needs_no_square_matrix():
    """d = 20,000: a d × d matrix would be 3 GB. The direction leaves the span of heads and features."""
    problem = PROBLEMS["two tasks"]
    narrow = ufm.solve(problem, dim=1)
    dim = 20_000
    W = [np.pad(w, ((0, 0), (0, dim - 1))) for w in narrow.W]
    point = type(random_point(problem, 1))(W=W, H=np.pad(narrow.H, ((0, dim - 1), (0, 0))), b=narrow.b, labels=None)
    for form, at in parts(problem, point):
        hessian = Hessian(form, at)
        excess = np.linalg.norm(hessian.scaled_residual, 2) - 1
        assert hessian.quadratic(escape_direction(hessian))[0] == pytest.approx(-excess, rel=1e-6)
