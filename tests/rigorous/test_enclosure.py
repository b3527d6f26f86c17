"""The enclosure holds the minimum, at minima and far from them, in every regime and for every kind of problem."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from enclosed_problems import ALL, KNOWN, UNKNOWN, problems, random_point, solved
from hypothesis import given, settings
from hypothesis import strategies as st
from literal_objective import exact, objective
from points import mapped, perturbed
from thorough import examples

import theory
from ufm import SingleSource, solve
from verify import certify

WIDTH = 1e-12  # relative; most are 1e-15, at a threshold the point itself is not known better


@pytest.mark.parametrize("name", ALL)
def test_newtons_minimum_is_enclosed_tightly(name):
    certificate = certify(ALL[name], solved(name), rigorous=True)
    lower, upper = certificate.enclosure
    assert certificate.verdict == "global minimum"
    assert certificate.rigorous_note == ""
    assert lower <= upper
    assert certificate.enclosure.relative_width <= WIDTH
    assert certificate.objective == pytest.approx(upper, rel=1e-12)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("size", [0.0, 1e-8, 1e-4, 1e-2, 1.0])
def test_closed_form_lies_in_the_enclosure_of_any_point(name, size):
    minimum = theory.objective_in_balls(KNOWN[name])
    lower, upper = certify(KNOWN[name], perturbed(solved(name), size), rigorous=True).enclosure
    assert minimum.meets(lower, upper)
    if size >= 1e-4 and upper > minimum.upper:  # far enough for the ball to lie inside
        assert lower <= minimum.ball
        assert minimum.ball <= upper


@pytest.mark.parametrize("name", ["3.1", "3.2 mean", "5.1 parallel", "K classes", "labels", *UNKNOWN])
def test_enclosure_is_wide_where_the_point_is_bad(name):
    widths = [
        certify(ALL[name], perturbed(solved(name), size), rigorous=True).enclosure.relative_width
        for size in (0.0, 1e-5, 1e-3, 1e-1)
    ]
    assert widths == sorted(widths)
    assert widths[1] > 1e-13
    assert widths[3] > 1e-4


@pytest.mark.parametrize("name", ALL)
def test_zero_point(name):
    """W = H = b = 0 is stationary whatever the problem; the enclosure is valid and the verdict as it should be."""
    certificate = certify(ALL[name], mapped(solved(name), np.zeros_like), rigorous=True)
    lower, upper = certificate.enclosure
    best = certify(ALL[name], solved(name), rigorous=True).enclosure
    assert lower <= best.upper
    assert upper >= best.lower
    if upper > best.upper * (1 + 1e-6):
        assert certificate.verdict == "not optimal"


@pytest.mark.parametrize("name", ["3.1", "arbitrary", "3.2", "labels"])
def test_dimension_too_small_for_the_bound(name):
    certificate = certify(ALL[name], solve(ALL[name], dim=1), rigorous=True)
    best = certify(ALL[name], solved(name), rigorous=True).enclosure
    assert certificate.verdict == "inconclusive"
    assert certificate.enclosure.lower <= best.upper
    assert certificate.enclosure.upper > best.upper


@pytest.mark.parametrize("name", ["3.1", "B.2", "smoothed", "tasks", "label sets"])
def test_float32_point(name):
    point = mapped(solved(name), np.float32)
    certificate = certify(ALL[name], point, rigorous=True)
    assert certificate.verdict == "global minimum"
    assert certificate.enclosure.relative_width <= 1e-11
    assert exact(certificate.enclosure.upper) >= objective(ALL[name], point)


@pytest.mark.parametrize("name", ["3.1 smoothed", "B.2 partial", "3.2 mean", *UNKNOWN, "labels smoothed"])
@pytest.mark.parametrize("most", [1, 4])
def test_upper_end_is_the_objective_rounded_up(name, most):
    """Against fifty digits from the definition; several columns a label, in any order."""
    problem = ALL[name]
    point = random_point(problem, 3, 0.7, 5, most=most)
    upper, F = certify(problem, point, rigorous=True).enclosure.upper, objective(problem, point)
    assert exact(upper) >= F
    assert exact(np.nextafter(np.nextafter(upper, 0), 0)) < F


def test_logits_that_overflow_exponentials_and_cancel():
    """Logits of 1e140 whose differences are all that matters: precision is raised."""
    problem = SingleSource([2, 3], lambda_H=1e-290, lambda_W=1e-290, lambda_b=1.0)
    W, H = [np.array([[1e70, 1.0], [1e70, -1.0]])], np.array([[1e70, 1e70], [1.0, -1.0]])
    certificate = certify(problem, W=W, H=H, rigorous=True)
    F = 5 * np.log1p(np.exp(-2.0)) + 1e-290 * (2 * 1e140 + 5 * 1e140)
    assert certificate.rigorous_note == ""
    assert certificate.enclosure.upper == pytest.approx(F, rel=1e-14)
    assert certificate.enclosure.lower < F


@pytest.mark.parametrize("lam", [1e-8, 1e-20, 1e-50])
def test_tiny_minimum(lam):
    """A minimum of 1e-47 beside targets of 1: precision is raised, and the enclosure is as tight as any."""
    problem = SingleSource.balanced((3, 4), 5, lambda_H=lam, lambda_W=lam, lambda_b=1.0)
    prediction = theory.predict(problem)
    certificate = certify(problem, W=prediction.W(), H=prediction.H(), rigorous=True)
    assert certificate.verdict == "global minimum"
    assert certificate.enclosure.relative_width <= WIDTH
    assert theory.objective_in_balls(problem).meets(*certificate.enclosure)


def test_total_over_tasks_contains_the_sum():
    certificate = certify(UNKNOWN["tasks"], perturbed(solved("tasks"), 1e-3), rigorous=True)
    lower = sum(Fraction(task.enclosure.lower) for task in certificate.tasks)
    upper = sum(Fraction(task.enclosure.upper) for task in certificate.tasks)
    ulps = 4 * Fraction(float(np.spacing(certificate.enclosure.upper)))
    assert abs(Fraction(certificate.enclosure.lower) - lower) <= ulps
    assert abs(Fraction(certificate.enclosure.upper) - upper) <= ulps
    assert json.loads(json.dumps(certificate.to_dict()))["enclosure"] == list(certificate.enclosure)


def test_verdict_is_what_the_enclosure_proves():
    """A tolerance below the proven width is not met, whatever the figures in floating point say."""
    problem = UNKNOWN["arbitrary"]
    width = certify(problem, solved("arbitrary"), rigorous=True).enclosure.relative_width
    assert certify(problem, solved("arbitrary"), rigorous=True, tolerance=2 * width).verdict == "global minimum"
    assert certify(problem, solved("arbitrary"), rigorous=True, tolerance=width / 4).verdict != "global minimum"
    bad = certify(problem, perturbed(solved("arbitrary"), 1e-2), rigorous=True)
    assert bad.verdict == "not optimal"


@pytest.mark.parametrize("name", ["5.1 smoothed", "arbitrary", "smoothed"])
def test_outside_solver_lies_in_the_enclosure(name):
    cp = pytest.importorskip("cvxpy")
    problem = ALL[name]
    R = sum(problem.classes)
    Z, b = cp.Variable((R, len(problem.labels))), cp.Variable(R)
    c = np.repeat(problem.task_weights, problem.classes)
    a = problem.counts / (problem.samples if problem.reduction == "mean" else 1)
    loss, row = 0, 0
    for t, k in enumerate(problem.classes):
        y = (1 - problem.label_smoothing) * np.eye(k)[problem.labels[:, t]] + problem.label_smoothing / k
        for i in range(len(problem.labels)):
            u = Z[row : row + k, i] + b[row : row + k]
            loss += problem.task_weights[t] * a[i] * (cp.log_sum_exp(u) - y[i] @ u)
        row += k
    nuclear = cp.normNuc(cp.diag(np.sqrt(c)) @ Z @ cp.diag(np.sqrt(problem.counts)))
    tau = 2 * np.sqrt(problem.lambda_W * problem.lambda_H)
    program = cp.Problem(cp.Minimize(loss + tau * nuclear + problem.lambda_b * c @ cp.square(b)))
    program.solve(solver=cp.CLARABEL)
    for point in (solved(name), perturbed(solved(name), 0.1)):
        lower, upper = certify(problem, point, rigorous=True).enclosure
        assert lower <= program.value * (1 + 1e-6)
        assert upper >= program.value * (1 - 1e-6)


@settings(max_examples=examples(40))
@given(problem=problems(), size=st.sampled_from([0.1, 1.0, 5.0]), dim=st.integers(1, 6), seed=st.integers(0, 9))
def test_random_problems_and_points(problem, size, dim, seed):
    """The lower end is below F at every point there is, and as good as the certificate in floating point."""
    near, far = (random_point(problem, dim, scale, seed, most=2) for scale in (0.1 * size, size))
    certificate = certify(problem, near, rigorous=True)
    lower, upper = certificate.enclosure
    assert certificate.rigorous_note == ""
    assert 0 <= lower <= upper
    assert exact(upper) >= objective(problem, near)
    assert exact(lower) <= objective(problem, far)
    assert lower >= certificate.lower_bound - 1e-10 * upper
    solution = solve(problem)
    assert exact(lower) <= objective(problem, solution)
    assert certify(problem, solution, rigorous=True).enclosure.lower >= lower * (1 - 1e-9)
