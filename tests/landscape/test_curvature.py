"""verify.curvature: verdicts, closed curvatures, invariances, refusals."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landscape_problems import LAMBDAS, PROBLEMS, parts, random_point

import ufm
import verify
from verify.certification.objective import evaluate
from verify.landscape.escape import escape_direction
from verify.landscape.hessian import Hessian


def moved(point, direction, step):
    """The point, a step along the direction."""
    if isinstance(point.H, list):
        H = [np.asarray(h) + step * g for h, g in zip(point.H, direction.H, strict=True)]
    else:
        H = np.asarray(point.H) + step * direction.H
    W = [np.asarray(w) + step * v for w, v in zip(point.W, direction.W, strict=True)]
    b = [np.asarray(w) + step * v for w, v in zip(point.b, direction.b, strict=True)]
    return SimpleNamespace(W=W, H=H, b=b, labels=getattr(point, "labels", None))


def zero(solution):
    H = [np.zeros(h.shape) for h in solution.H] if isinstance(solution.H, list) else np.zeros(solution.H.shape)
    W, b = ([np.zeros(x.shape) for x in xs] for xs in (solution.W, solution.b))
    return SimpleNamespace(W=W, H=H, b=b, labels=solution.labels)


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_a_solved_minimum_has_no_negative_curvature(name):
    found = verify.curvature(PROBLEMS[name], ufm.solve(PROBLEMS[name]))
    assert found.verdict == "no negative curvature"
    assert found.eigenvalue > -1e-9
    assert not found.descends


@pytest.mark.parametrize("name", ["two tasks", "weights", "mean", "5.1", "multi source", "label sets", "all zero"])
def test_zero_has_the_curvature_that_theory_gives(name):
    """1 − σ/τ in W and H: a strict saddle below the threshold, none above."""
    problem = PROBLEMS[name]
    point = zero(ufm.solve(problem))
    excess = verify.certify(problem, point).spectral_ratio - 1
    found = verify.curvature(problem, point)
    assert found.gradient_norm < 1e-12
    if excess > 0:
        assert found.verdict == "strict saddle"
        assert found.eigenvalue == pytest.approx(-excess, rel=1e-9)
    else:
        assert found.verdict == "no negative curvature"
        assert 0 < found.eigenvalue <= -excess + 1e-12


@pytest.mark.parametrize("name", ["two tasks", "5.1", "multi source", "long tail"])
def test_the_direction_is_a_way_down_by_the_curvature_stated(name):
    problem = PROBLEMS[name]
    point = zero(ufm.solve(problem))
    if name == "long tail":
        point = verify.critical_points(problem)[1]
    found = verify.curvature(problem, W=point.W, H=point.H, b=point.b)
    certified = lambda at: verify.certify(problem, W=at.W, H=at.H, b=at.b).objective
    here = certified(point)
    assert found.objective == pytest.approx(here, rel=1e-14)
    assert found.better_objective < here
    step = 1e-3 * np.sqrt(here / abs(found.eigenvalue))
    second = certified(moved(point, found.direction, step)) - 2 * here + certified(moved(point, found.direction, -step))
    assert second / step**2 == pytest.approx(found.eigenvalue, rel=1e-3)


@pytest.mark.parametrize("name", ["two tasks", "correlated K = 3", "label sets", "multi source"])
def test_along_the_direction_of_theory_the_objective_falls_by_the_excess_of_sigma(name):
    """F(ε) − F = −½ ε² (σ/τ − 1) + O(ε⁴) where the heads leave a dimension unused."""
    problem = PROBLEMS[name]
    narrow = ufm.solve(problem, dim=1)
    pad = lambda x: np.pad(np.asarray(x), ((0, 0), (0, 1)))
    H = [pad(np.asarray(h).T).T for h in narrow.H] if problem.source == "multi" else pad(np.asarray(narrow.H).T).T
    for form, point in parts(problem, SimpleNamespace(W=[pad(w) for w in narrow.W], H=H, b=narrow.b)):
        hessian = Hessian(form, point)
        x = escape_direction(hessian)
        excess = np.linalg.norm(hessian.scaled_residual, 2) - 1
        assert excess > 0
        assert hessian.quadratic(x)[0] == pytest.approx(-excess, rel=1e-6)
        move = hessian.move(x)
        step = 1e-2
        there = replace(point, W=point.W + step * move.W, H=point.H + step * move.H)
        assert evaluate(form, there).objective - evaluate(form, point).objective == pytest.approx(
            -(step**2) / 2 * excess, rel=1e-2
        )


@given(seed=st.integers(0, 10**6), name=st.sampled_from(["two tasks", "weights", "multi source", "label sets"]))
@settings(max_examples=15)
def test_a_rotation_of_the_feature_space_changes_no_eigenvalue(seed, name):
    problem = PROBLEMS[name]
    point = random_point(problem, 3, seed)
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    H = [Q.T @ h for h in point.H] if problem.source == "multi" else Q.T @ point.H
    turned = SimpleNamespace(W=[w @ Q for w in point.W], H=H, b=point.b, labels=point.labels)
    first, second = verify.curvature(problem, point), verify.curvature(problem, turned)
    assert second.eigenvalue == pytest.approx(first.eigenvalue, rel=1e-8, abs=1e-10)
    assert second.gradient_norm == pytest.approx(first.gradient_norm, rel=1e-8)


@given(seed=st.integers(0, 10**6), a=st.floats(0.01, 100))
@settings(max_examples=15)
def test_moving_weight_between_lambda_W_and_lambda_H_changes_no_eigenvalue(seed, a):
    point = random_point(PROBLEMS["two tasks"], 3, seed)
    other = ufm.SingleSource.balanced((3, 3), 10, lambda_H=0.05 / a, lambda_W=0.05 * a, lambda_b=0.05)
    scaled = SimpleNamespace(W=[w / a**0.5 for w in point.W], H=point.H * a**0.5, b=point.b)
    scaled.labels = point.labels
    first = verify.curvature(PROBLEMS["two tasks"], point)
    assert verify.curvature(other, scaled).eigenvalue == pytest.approx(first.eigenvalue, rel=1e-8)


@pytest.mark.parametrize("name", ["two tasks", "5.1", "multi source"])
def test_one_column_per_label_or_many_tell_the_same(name):
    problem = PROBLEMS[name]
    solution = ufm.solve(problem)
    each = range(len(problem.classes)) if problem.source == "multi" else [None]
    for at, verdict in ((solution, "no negative curvature"), (zero(solution), "strict saddle")):
        order = [np.repeat(np.arange(len(problem.counts if t is None else problem.counts[t])), 3) for t in each]
        if problem.source == "multi":
            H = [np.asarray(h)[:, i] for h, i in zip(at.H, order, strict=True)]
            labels = [y[i] for y, i in zip(problem.labels, order, strict=True)]
        else:
            H, labels = np.asarray(at.H)[:, order[0]], problem.labels[order[0]]
        many = verify.curvature(problem, W=at.W, H=H, b=at.b, labels=labels)
        one = verify.curvature(problem, at)
        assert many.verdict == one.verdict == verdict
        assert many.eigenvalue == pytest.approx(one.eigenvalue, rel=1e-9, abs=1e-9)


def test_a_point_off_the_minimum_is_not_stationary():
    problem = PROBLEMS["two tasks"]
    solution = ufm.solve(problem)
    off = SimpleNamespace(W=[w * 1.01 for w in solution.W], H=solution.H, b=solution.b)
    found = verify.curvature(problem, off)
    assert found.verdict == "not stationary"
    assert found.gradient_norm > found.tolerance
    assert verify.curvature(problem, off, tolerance=1.0).verdict == "no negative curvature"


def test_of_many_tasks_the_worst_is_told_and_moved():
    problem = PROBLEMS["multi source"]
    solution = ufm.solve(problem)
    nothing = zero(solution)
    W, H, b = ([getattr(solution, name)[0], getattr(nothing, name)[1]] for name in "WHb")
    found = verify.curvature(problem, W=W, H=H, b=b)
    assert [task.verdict for task in found.tasks] == ["no negative curvature", "strict saddle"]
    assert found.verdict == "strict saddle"
    assert not np.any(found.direction.W[0])
    assert not np.any(found.direction.H[0])
    assert np.any(found.direction.H[1])
    assert found.better_objective < found.objective == pytest.approx(verify.certify(problem, W=W, H=H, b=b).objective)


def test_first_order_points_are_judged_by_their_gradient():
    """Rough but stationary to 1e-4: rotations show as tiny negative eigenvalues, which the gradient explains."""
    problem = ufm.SingleSource.balanced((3, 3), 10, **LAMBDAS)
    rough = ufm.solve(problem, method="gradient", tolerance=1e-4)
    found = verify.curvature(problem, rough, tolerance=1e-2)
    assert found.verdict == "no negative curvature"
    assert found.limit > 1e-8


def test_it_prints_as_text_and_as_a_table():
    found = verify.curvature(PROBLEMS["5.1"], zero(ufm.solve(PROBLEMS["5.1"])))
    for word in ("strict saddle", "smallest eigenvalue", "relative gradient", "along the direction"):
        assert word in str(found)
        assert word in found._repr_html_()


@pytest.mark.parametrize(
    ("change", "words"),
    [({"H": None}, "H is missing"), ({"tolerance": 0.0}, "tolerance"), ({"b": [np.zeros(3)] * 2}, r"b\[0\]")],
)
def test_bad_input_is_refused_by_name(change, words):
    point = random_point(PROBLEMS["5.1"], 2)
    with pytest.raises(ValueError, match=words):
        verify.curvature(PROBLEMS["5.1"], **{"W": point.W, "H": point.H, "b": point.b, **change})


def test_memory_is_asked_for_first(monkeypatch):
    monkeypatch.setattr("ufm.support.memory.available_memory", lambda device: 1000)
    monkeypatch.setattr("ufm.support.memory.NO_MATTER", 0)
    with pytest.raises(MemoryError, match="curvature over"):
        verify.curvature(PROBLEMS["5.1"], random_point(PROBLEMS["5.1"], 2))
