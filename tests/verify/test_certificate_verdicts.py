"""What the certificate refuses, and what it leaves open."""

import numpy as np
import pytest
from points import mapped, perturbed
from verified_points import BELOW, COVERED, UNCOVERED, named, solved, zero

import theory
from ufm import MultiSource, SingleSource, solve
from verify import certify

NONZERO = [name for name in [*COVERED, *UNCOVERED] if "zero" not in name and "threshold" not in name]


@pytest.mark.parametrize("name", NONZERO)
def test_zero_saddle_is_not_optimal(name):
    """W = 0, H = 0, b = 0 is stationary for balanced counts; its σ > τ."""
    certificate = certify(named(name), zero(solved(name)))
    assert certificate.verdict == "not optimal"
    assert certificate.spectral_ratio > 1
    assert certificate.better_objective < certificate.objective


@pytest.mark.parametrize("name", ["3.1 zero", "3.1 at threshold", "3.2 zero", "5.1 zero"])
def test_zero_is_optimal_past_the_threshold(name):
    certificate = certify(named(name), zero(solved(name)))
    assert certificate.verdict == "global minimum"
    assert abs(certificate.relative_gap) < 1e-14
    assert certificate.spectral_ratio <= 1 + 1e-14


@pytest.mark.parametrize("excess", [1e-2, 1e-3])
def test_zero_saddle_just_below_the_threshold(excess):
    """λ_H λ_W a little below N / (4K): the gap is about the square of the excess."""
    problem = SingleSource.balanced((2, 2), 50, lambda_H=5.0 * (1 - excess), lambda_W=5.0, lambda_b=0.1)
    certificate = certify(problem, zero(solve(problem)), tolerance=1e-10)
    np.testing.assert_allclose(certificate.spectral_ratio, (1 - excess) ** -0.5, rtol=1e-12)
    assert certificate.verdict == "not optimal"


@pytest.mark.parametrize("name", NONZERO)
@pytest.mark.parametrize("size", [1e-3, 1e-2, 0.3])
def test_perturbed_minimum_is_not_optimal(name, size):
    certificate = certify(named(name), perturbed(solved(name), size))
    assert certificate.verdict == "not optimal"
    assert certificate.lower_bound <= certificate.better_objective < certificate.objective


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize("name", BELOW)
def test_theorem_wrong_by_a_factor_of_two_is_not_optimal(name, factor):
    problem = named(name)
    prediction = theory.predict(problem)
    right = {"W": prediction.W(), "H": prediction.H()}
    assert certify(problem, **right).verdict == "global minimum"
    wrong = {"W": [np.sqrt(factor) * w for w in right["W"]], "H": right["H"]}
    assert certify(problem, **wrong).verdict == "not optimal"


def test_bias_alone_is_refused():
    point = solved("3.1 below")
    b = [np.full(3, 1e-3), np.zeros(3)]
    assert certify(named("3.1 below"), W=point.W, H=point.H, b=b).verdict == "not optimal"


@pytest.mark.parametrize("name", ["3.1 below", "3.2 below", "arbitrary"])
def test_too_small_a_dimension_is_inconclusive(name):
    """Whatever the point: the bound is the convex program's."""
    problem = named(name)
    wide = certify(problem, solved(name))
    narrow = solve(problem, dim=1)
    for point in (narrow, zero(narrow), perturbed(narrow, 0.1)):
        certificate = certify(problem, point)
        assert certificate.verdict == "inconclusive"
        assert certificate.better_objective is None
        assert certificate.dim == 1 < certificate.sufficient_dim
        assert certificate.lower_bound <= wide.objective <= certificate.objective


def test_a_small_dimension_may_still_close_the_gap():
    """Heads of rank one need one dimension, though R − T = 2 are needed to be sure of it."""
    problem = named("5.1 parallel")
    prediction = theory.predict(problem)
    certificate = certify(problem, W=prediction.W(1), H=prediction.H(1))
    assert (certificate.dim, certificate.sufficient_dim) == (1, 2)
    assert certificate.verdict == "global minimum"


def test_open_gap_without_a_better_point_is_inconclusive():
    """A tolerance below rounding cannot be met, and nothing is better than a minimum."""
    certificate = certify(named("5.1 below"), solved("5.1 below"), tolerance=1e-17)
    assert certificate.relative_gap > 1e-17
    assert certificate.verdict == "inconclusive"


def test_few_labels_suffice_with_few_dimensions():
    """m = 2 labels: two features span two dimensions, however many classes."""
    problem = SingleSource(np.diag([3, 4, 0]), lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    certificate = certify(problem, solve(problem, dim=2))
    assert certificate.sufficient_dim == 2
    assert certificate.verdict == "global minimum"


def test_multi_source_is_certified_task_by_task():
    problem, point = named("3.2 below"), solved("3.2 below")
    certificate = certify(problem, point)
    alone = [
        certify(MultiSource([c], task_weights=[w], lambda_H=0.05, lambda_W=0.05, lambda_b=0.05), **part)
        for c, w, part in zip(
            problem.count_tensor(),
            problem.task_weights,
            [{"W": [point.W[t]], "H": [point.H[t]], "b": [point.b[t]]} for t in range(2)],
            strict=True,
        )
    ]
    assert [task.objective for task in certificate.tasks] == [one.objective for one in alone]
    assert certificate.objective == sum(task.objective for task in certificate.tasks)
    assert certificate.lower_bound == sum(task.lower_bound for task in certificate.tasks)
    assert certificate.spectral_ratio == max(task.spectral_ratio for task in certificate.tasks)

    W = [point.W[0], 1.01 * point.W[1]]
    spoiled = certify(problem, W=W, H=point.H, b=point.b)
    assert [task.verdict for task in spoiled.tasks] == ["global minimum", "not optimal"]
    assert spoiled.verdict == "not optimal"
    assert spoiled.lower_bound <= spoiled.better_objective < spoiled.objective


def test_a_small_task_is_not_hidden_by_a_large_one():
    """The total gap is within 1e-9 of the total objective; the second task's own is not."""
    problem = MultiSource([[500, 500], [1, 1]], task_weights=(1e6, 1.0), lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    point = solve(problem)
    spoiled = certify(problem, W=[point.W[0], 1.001 * point.W[1]], H=point.H, b=point.b)
    assert spoiled.relative_gap < 1e-9
    assert spoiled.verdict == "not optimal"


@pytest.mark.parametrize("size", [1e-3, 1e-1])
def test_random_and_huge_points_never_break_the_search_for_a_better_one(size):
    problem = named("arbitrary")
    point = mapped(solved("arbitrary"), lambda x: x * 1e60 * size)
    certificate = certify(problem, point)
    assert certificate.verdict == "not optimal"
    assert certificate.lower_bound <= certify(problem, solved("arbitrary")).objective


def test_text_and_table():
    certificate = certify(named("3.2 below"), solved("3.2 below"))
    assert "global minimum" in str(certificate)
    assert "task 2" in str(certificate)
    assert "<table>" in certificate._repr_html_()
    refused = certify(named("3.2 below"), zero(solved("3.2 below")))
    assert "better objective" in str(refused)
    narrow = certify(named("3.1 below"), solve(named("3.1 below"), dim=1))
    assert "d = 1 < 4" in str(narrow)
