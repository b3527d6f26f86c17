"""The lower bound is one, at any point of any problem, and meets the minimum there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verified_points import COVERED, UNCOVERED, named, per_sample, perturbed, problems, random_point, solved

from ufm import solve
from verify import certify
from verify.dual import per_task_bound, plain_bound
from verify.form import forms
from verify.objective import evaluate
from verify.point import read_point

ROUNDING = 1e-12


@given(problems(), st.integers(1, 12), st.floats(-4, 1), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_bound_of_a_random_point_is_below_the_minimum(problem, dim, log_size, seed):
    best = certify(problem, solve(problem))
    far = certify(problem, random_point(problem, dim, 10.0**log_size, seed))
    assert far.lower_bound <= best.objective * (1 + ROUNDING)
    assert best.lower_bound <= best.objective * (1 + ROUNDING)
    assert far.objective >= best.lower_bound * (1 - ROUNDING)
    assert far.gap == far.objective - far.lower_bound or problem.source == "multi"


@given(problems(), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_bound_meets_the_minimum(problem, seed):
    certificate = certify(problem, solve(problem, seed=seed))
    assert certificate.verdict == "global minimum"
    assert certificate.relative_gap <= 1e-9
    assert certificate.spectral_ratio <= 1 + 1e-6


@given(problems(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_an_exhibited_objective_is_attained_by_no_less_than_the_minimum(problem, seed):
    best = certify(problem, solve(problem))
    wide = max(form.sufficient_dim for form in forms(problem))
    far = certify(problem, random_point(problem, wide, 0.5, seed))
    if far.verdict == "not optimal":
        assert best.objective * (1 - ROUNDING) <= far.better_objective < far.objective
    else:
        assert far.better_objective is None


@given(problems(), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_both_bounds_are_below_the_minimum(problem, seed):
    """Whichever of the two is larger where."""
    best = certify(problem, solve(problem))
    point = random_point(problem, 3, 0.3, seed)
    points = read_point(problem, point, None, None, None, None)
    totals = np.zeros(2)
    for form, part in zip(forms(problem), points, strict=True):
        residual = evaluate(form, part).residual
        totals += plain_bound(form, residual).value, per_task_bound(form, residual)
    assert np.all(totals <= best.objective * (1 + ROUNDING))


def test_a_theta_per_task_keeps_one_task_from_spoiling_the_other():
    """Task 2 far from its minimum shrinks the whole dual point, unless each task shrinks alone."""
    problem, point = named("B.2 below"), solved("B.2 below")
    W = [np.asarray(point.W[0]), np.zeros((4, point.W[0].shape[1]))]
    form = forms(problem)[0]
    (part,) = read_point(problem, None, W, point.H, None, None)
    residual = evaluate(form, part).residual
    plain = plain_bound(form, residual).value
    assert per_task_bound(form, residual) > plain + 0.1
    assert certify(problem, W=W, H=point.H).lower_bound == per_task_bound(form, residual)


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
