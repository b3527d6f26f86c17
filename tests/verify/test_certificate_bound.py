"""The lower bound is one, at any point of any problem, and meets the minimum there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from points import perturbed
from verified_points import COVERED, UNCOVERED, named, per_sample, problems, random_point, solved

from ufm import solve
from verify import certify
from verify.certification.dual import OFF, other_bounds, per_task_bound, plain_bound
from verify.certification.dual_value import dual_point
from verify.certification.objective import evaluate
from verify.reading.form import forms
from verify.reading.point import read_point


@given(problems(), st.integers(1, 12), st.floats(-4, 1), st.integers(0, 10**6))
@settings(max_examples=150)
def test_bound_of_a_random_point_is_below_the_minimum(problem, dim, log_size, seed):
    best = certify(problem, solve(problem))
    far = certify(problem, random_point(problem, dim, 10.0**log_size, seed))
    assert far.lower_bound <= best.objective
    assert best.lower_bound <= best.objective
    assert far.objective >= best.lower_bound
    assert far.gap == far.objective - far.lower_bound or problem.source == "multi"


@given(problems(), st.integers(0, 10**6))
@settings(max_examples=40)
def test_no_bound_is_below_the_entropy_of_the_labels(problem, seed):
    """F ≥ 0, and more where labels are smoothed: a relative gap is at most 1."""
    certificate = certify(problem, random_point(problem, 3, 30.0, seed))
    e = problem.label_smoothing
    counts = [problem.counts] * len(problem.classes) if problem.source == "single" else problem.counts
    scale = [1.0 if problem.reduction == "sum" else n.sum() for n in counts]
    floor = 0.0
    for k, n, s, c in zip(problem.classes, counts, scale, problem.task_weights, strict=True):
        y = np.full(k, e / k) + np.eye(k)[0] * (1 - e)
        floor -= c * n.sum() / s * float(np.sum(y * np.log(np.where(y > 0, y, 1))))
    assert certificate.lower_bound >= floor * (1 - 1e-13)
    assert certificate.relative_gap <= 1


@given(problems(), st.integers(0, 3))
@settings(max_examples=60)
def test_bound_meets_the_minimum(problem, seed):
    certificate = certify(problem, solve(problem, seed=seed))
    assert certificate.verdict == "global minimum"
    assert certificate.relative_gap <= 1e-9
    assert certificate.spectral_ratio <= 1 + 1e-6


@given(problems(), st.integers(0, 10**6))
@settings(max_examples=60)
def test_an_exhibited_objective_is_attained_by_no_less_than_the_minimum(problem, seed):
    best = certify(problem, solve(problem))
    wide = max(form.sufficient_dim for form in forms(problem))
    far = certify(problem, random_point(problem, wide, 0.5, seed))
    if far.verdict == "not optimal":
        assert best.objective <= far.better_objective < far.objective
    else:
        assert far.better_objective is None


@given(problems(), st.floats(-6, 0.5), st.integers(0, 10**6))
@settings(max_examples=100)
def test_every_bound_is_below_the_minimum(problem, log_size, seed):
    """Whichever of them is larger where, far from the minimum and near it."""
    best = certify(problem, solve(problem))
    for point in (random_point(problem, 3, 10.0**log_size, seed), perturbed(solve(problem), 10.0**log_size, seed)):
        points = read_point(problem, point, None, None, None, None)
        totals = np.zeros(4 + len(OFF))
        for form, part in zip(forms(problem), points, strict=True):
            residual = evaluate(form, part).residual
            others = list(other_bounds(form, residual, apart=False))
            totals += plain_bound(form, residual).value, per_task_bound(form, residual), *others
        assert np.all(totals <= best.objective)


def test_a_theta_per_task_keeps_one_task_from_spoiling_the_other():
    """Task 2 far from its minimum shrinks the whole dual point, unless each task shrinks alone."""
    problem, point = named("B.2 below"), solved("B.2 below")
    W = [np.asarray(point.W[0]), np.zeros((4, point.W[0].shape[1]))]
    form = forms(problem)[0]
    (part,) = read_point(problem, None, W, point.H, None, None)
    residual = evaluate(form, part).residual
    plain = plain_bound(form, residual).value
    assert per_task_bound(form, residual) > plain + 0.1
    assert certify(problem, W=W, H=point.H).lower_bound >= per_task_bound(form, residual)


@pytest.mark.parametrize("name", ["3.1 below", "B.2 below", "3.2 below", "5.1 below", "arbitrary", "smoothed"])
def test_the_gap_of_a_nearby_point_is_of_second_order(name):
    """A point off by ε: the plain bound's gap is of order ε, the certified one of order ε², like F's excess."""
    problem, best = named(name), certify(named(name), solved(name)).objective
    for size in (1e-3, 1e-4, 1e-5):
        point = perturbed(solved(name), size)
        certificate = certify(problem, point, tolerance=1e-14)
        points = read_point(problem, point, None, None, None, None)
        plain = sum(
            plain_bound(form, evaluate(form, part).residual).value
            for form, part in zip(forms(problem), points, strict=True)
        )
        assert certificate.objective - plain > 0.01 * size * best
        assert certificate.gap < 300 * size**2 * best
        assert certificate.gap >= certificate.objective - best


@pytest.mark.parametrize("name", ["3.1 below", "5.1 parallel", "arbitrary", "smoothed"])
def test_the_outside_solvers_point_is_certified_within_its_accuracy(name):
    """An interior-point solution, off by about 1e-5 in geometry and 1e-9 in F."""
    pytest.importorskip("cvxpy")
    certificate = certify(named(name), solve(named(name), method="convex"), tolerance=1e-7)
    assert certificate.verdict == "global minimum"


@pytest.mark.parametrize("name", [*COVERED, *UNCOVERED])
def test_gap_closes_to_rounding_at_every_solved_minimum(name):
    certificate = certify(named(name), solved(name))
    assert certificate.verdict == "global minimum"
    assert certificate.relative_gap <= 1e-12
    assert certificate.spectral_ratio <= 1 + 1e-7


@pytest.mark.parametrize("name", ["3.1 below", "B.2 below", "3.2 below", "arbitrary", "smoothed", "imbalanced tasks"])
def test_a_column_per_sample_certifies_alike(name):
    problem = named(name)
    collapsed = certify(problem, solved(name))
    spread = certify(problem, per_sample(problem, solved(name)))
    assert spread.verdict == "global minimum"
    np.testing.assert_allclose(spread.objective, collapsed.objective, rtol=1e-14)
    np.testing.assert_allclose(spread.lower_bound, collapsed.lower_bound, rtol=1e-13)
    scattered = certify(problem, perturbed(per_sample(problem, solved(name)), 1e-2))
    assert scattered.verdict == "not optimal"
    assert scattered.lower_bound <= collapsed.objective


@given(problems(), st.floats(-6, 1), st.integers(0, 10**6))
@settings(max_examples=100)
def test_every_bound_is_taken_at_a_feasible_dual_point(problem, log_size, seed):
    """q ≥ 0 with masses s, and a scaled V of spectral norm ≤ τ: what makes D a lower bound."""
    seen = []

    def watched(form, wanted):
        point = dual_point(form, wanted)
        seen.append((form, min(1.0, form.tau / point.sigma) * point.deviation))
        return point

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("verify.certification.dual.dual_point", watched)
        for point in (random_point(problem, 3, 10.0**log_size, seed), perturbed(solve(problem), 10.0**log_size, seed)):
            certify(problem, point, tolerance=1e-300)
    assert len(seen) >= 4 * len(forms(problem))  # a θ per task is tried where it may differ
    for form, deviation in seen:
        assert (form.targets + deviation).min() > -1e-14
        for rows in form.blocks:
            assert np.abs(deviation[rows].sum(axis=0)).max() < 1e-13
        V = form.rows_c[:, None] * form.loss_weight * deviation
        scaled = V / np.sqrt(form.rows_c)[:, None] / np.sqrt(form.feature_weight)
        assert np.linalg.norm(scaled, 2) <= form.tau * (1 + 1e-13)
