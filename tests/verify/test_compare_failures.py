"""Every row fails where its statement is broken, and theorems wrong by a factor are caught."""

import dataclasses
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from points import mapped, perturbed
from verified_points import COVERED, UNCOVERED, named, per_sample, solved

import theory
import ufm
from verify import Row, compare
from verify.comparison.checks.row import judged


def point_of(name):
    """The theorem's own minimizer, wide enough to be moved."""
    prediction = theory.predict(named(name))
    bias = [np.zeros(k) for k in named(name).classes]
    return SimpleNamespace(W=prediction.W(), H=prediction.H(), b=bias, labels=named(name).labels)


def failures(name, point, **settings):
    return {row.check for row in compare(named(name), point, **settings).failures}


def scaled_row(point):
    point.W[0][0] *= 1.01


def turned_row(point):
    first, second = point.W[0][0, :2].copy()
    point.W[0][0, :2] += 0.1 * second, -0.1 * first


def larger_heads(point):
    point.W = [1.01 * w for w in point.W]
    point.H = [h / 1.01 for h in point.H] if isinstance(point.H, list) else point.H / 1.01


def larger_features(point):
    point.H = [1.01 * h for h in point.H] if isinstance(point.H, list) else 1.01 * point.H


def smaller_features(point):
    """Larger tails, and σ with them."""
    point.H = 0.99 * point.H


def traded_directions(point):
    """W S, S⁻¹ H along two directions of equal singular value: totals stay balanced."""
    Vt = np.linalg.svd(np.concatenate(point.W))[2]
    S = np.diag([1.02, 1 / 1.02, *np.ones(len(Vt) - 2)])
    point.W = [w @ Vt.T @ S @ Vt for w in point.W]
    point.H = Vt.T @ np.linalg.inv(S) @ Vt @ point.H


def tilted_tasks(point):
    point.W[1] = point.W[1] + 0.01 * point.W[0][[0, 1, *range(len(point.W[1]) - 2)]]


def biased(point):
    point.b[0][0] = 1e-3


def bent_feature(point):
    H = point.H[0] if isinstance(point.H, list) else point.H
    H[:, 0] += 0.01 * H[:, 1]


def swapped_rows(point):
    point.W[0] = point.W[0][::-1]


def uneven_features(point):
    """Each still nearest to its own centre, and decided rightly."""
    H = point.H[0] if isinstance(point.H, list) else point.H
    H[:, 0] *= 1.5


DEFECTS = [
    ("3.1 below", larger_features, "relative duality gap at most 0"),
    ("3.2 below", larger_features, "relative duality gap at most 0"),
    ("3.1 below", smaller_features, "spectral ratio σ/τ at most 1"),
    ("3.1 below", larger_heads, "penalties of W and H balanced"),
    ("3.2 below", larger_heads, "penalties of W and H balanced"),
    ("3.1 below", traded_directions, "penalties balanced along every singular direction"),
    ("3.1 below", larger_features, "objective"),
    ("3.2 below", larger_features, "objective"),
    ("5.1 below", larger_features, "objective"),
    ("3.1 below", scaled_row, "rows of each head have equal norms"),
    ("3.2 below", scaled_row, "rows of each head have equal norms"),
    ("5.1 below", scaled_row, "rows of each head have equal norms"),
    ("3.1 below", turned_row, "rows of each head at simplex angles"),
    ("3.2 below", turned_row, "rows of each head at simplex angles"),
    ("5.1 below", turned_row, "rows of each head at simplex angles"),
    ("3.1 below", tilted_tasks, "heads of different tasks are orthogonal"),
    ("B.2 below", tilted_tasks, "heads of different tasks are orthogonal"),
    ("5.1 below", tilted_tasks, "cos(w_1^1, w_1^2)"),
    ("5.1 below", tilted_tasks, "cosines between all heads"),
    ("3.2 below", turned_row, "cosines between all heads"),
    ("3.1 below", larger_heads, "Gram matrix of the heads, scale included"),
    ("3.2 below", larger_heads, "Gram matrix of the heads, scale included"),
    ("5.1 below", larger_heads, "Gram matrix of the heads, scale included"),
    ("3.1 below", biased, "biases are zero"),
    ("3.2 below", biased, "biases are zero"),
    ("5.1 zero", biased, "biases are zero"),
    ("3.1 below", larger_features, "logits W h"),
    ("3.2 below", larger_features, "logits W h"),
    ("3.1 below", bent_feature, "features along the sum of their heads"),
    ("5.1 below", bent_feature, "features along the sum of their heads"),
    ("3.2 below", bent_feature, "class features along their heads"),
    ("3.1 below", larger_features, "features equal scaled sums of heads, scale included"),
    ("5.1 below", larger_features, "features equal scaled sums of heads, scale included"),
    ("3.2 below", larger_features, "class features equal scaled heads, scale included"),
    ("3.1 below", bent_feature, "features equal W⁺ of the logits, scale included"),
    ("3.2 below", larger_features, "features equal W⁺ of the logits, scale included"),
    ("5.1 parallel", larger_features, "features equal W⁺ of the logits, scale included"),
    ("3.1 below", swapped_rows, "nearest class centre on training features"),
    ("3.2 below", swapped_rows, "nearest class centre on training features"),
    ("5.1 below", swapped_rows, "nearest class centre on training features"),
    ("3.1 below", uneven_features, "nearest class centre on 1000 random h"),
    ("3.2 below", uneven_features, "nearest class centre on 1000 random h"),
]


@pytest.mark.parametrize(("name", "defect", "check"), DEFECTS)
def test_defect_fails_its_row(name, defect, check):
    point = point_of(name)
    assert failures(name, point) == set()
    defect(point)
    assert check in failures(name, point)


def test_defects_leave_other_rows_alone():
    point = point_of("3.1 below")
    larger_heads(point)
    assert "logits W h" not in failures("3.1 below", point)
    assert "rows of each head have equal norms" not in failures("3.1 below", point)
    point = point_of("3.1 below")
    traded_directions(point)
    assert "penalties of W and H balanced" not in failures("3.1 below", point)
    point = point_of("3.1 below")
    uneven_features(point)
    assert "nearest class centre on training features" not in failures("3.1 below", point)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("B.2 partial", "head of task 2 is zero"),
        ("3.2 partial", "head of task 2 is zero"),
        ("3.1 zero", "head of task 1 is zero"),
    ],
)
def test_head_that_should_be_zero(name, check):
    point = mapped(solved(name), lambda x: x + 0.05)
    assert check in failures(name, point)


@pytest.mark.parametrize("name", ["3.1 zero", "3.2 zero", "5.1 parallel", "5.1 zero"])
def test_features_that_should_be_zero(name):
    point = mapped(solved(name), lambda x: x + 0.05)
    assert "features past their threshold are zero" in failures(name, point)


@pytest.mark.parametrize("name", ["3.1 below", "3.2 below", "5.1 below"])
def test_scattered_features(name):
    point = perturbed(per_sample(named(name), solved(name)), 1e-3)
    assert "features equal the mean of their label" in failures(name, point)


def test_zero_heads_where_the_theorem_has_none_fail():
    """NaN cosines are no pass."""
    found = failures("3.1 below", mapped(solved("3.1 below"), np.zeros_like))
    assert {
        "objective",
        "rows of each head have equal norms",
        "rows of each head at simplex angles",
        "heads of different tasks are orthogonal",
        "cosines between all heads",
        "Gram matrix of the heads, scale included",
        "features along the sum of their heads",
        "features equal scaled sums of heads, scale included",
        "logits W h",
    } <= found


@pytest.mark.parametrize("task", [0, 1])
def test_one_zero_task_of_several_fails(task):
    """Whichever it is: the worst of tasks is NaN if one is."""
    point = mapped(solved("3.2 below"), np.array)
    point.W[task][:] = 0
    assert {
        "rows of each head have equal norms",
        "rows of each head at simplex angles",
        "cosines between all heads",
        "class features along their heads",
        "class features equal scaled heads, scale included",
    } <= failures("3.2 below", point)


@pytest.mark.parametrize("name", [name for name in COVERED if "zero" not in name and "at threshold" not in name])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_theorem_wrong_by_a_factor_of_two_fails(monkeypatch, name, factor):
    right = theory.predict(named(name))
    spaces = tuple(
        dataclasses.replace(space, gram=factor * space.gram, make_logits=partial(np.copy, factor * space.make_logits()))
        for space in right.spaces
    )
    wrong = dataclasses.replace(right, objective=factor * right.objective, spaces=spaces)
    monkeypatch.setattr("theory.predict", lambda problem: wrong)
    assert failures(name, solved(name)) == {
        "closed-form minimum between lower bound and objective",
        "objective",
        "logits W h",
        "features equal W⁺ of the logits, scale included",
        "Gram matrix of the heads, scale included",
    }


@pytest.mark.parametrize(("change", "side"), [(1e-6, "above"), (-1e-6, "below")])
def test_closed_form_outside_the_bracket_is_caught_at_any_dimension(monkeypatch, change, side):
    right = theory.predict(named("3.1 below"))
    wrong = dataclasses.replace(right, objective=(1 + change) * right.objective)
    monkeypatch.setattr("theory.predict", lambda problem: wrong)
    assert failures("3.1 below", solved("3.1 below"), tolerance=1e-7) == {
        "closed-form minimum between lower bound and objective",
        "objective",
    }, side


def test_solution_of_a_nearby_problem_fails():
    """Counts 38, 2 held against counts 37, 3."""
    point = solved("5.1 below")
    other = type(named("5.1 below")).correlated(
        2, n_same=37, n_different=3, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05
    )
    report = compare(other, point)
    assert not report.passed
    assert {"objective", "cos(w_1^1, w_1^2)", "relative duality gap at most 0"} <= {r.check for r in report.failures}


@pytest.mark.parametrize("name", list(UNCOVERED))
def test_without_a_theorem_only_what_every_minimum_has_is_judged(name):
    report = compare(named(name), solved(name))
    assert report.prediction is None
    assert isinstance(report.not_covered, theory.NotCovered)
    assert report.passed
    judged_rows = {row.check for row in report.rows if row.verdict != "not applicable"}
    assert judged_rows == {
        "relative duality gap at most 0",
        "spectral ratio σ/τ at most 1",
        "penalties of W and H balanced",
        "penalties balanced along every singular direction",
    }
    shown = {row.check: row.measured for row in report.rows if row.verdict == "not applicable"}
    assert shown.keys() == report.metrics.keys()
    np.testing.assert_array_equal(list(shown.values()), list(report.metrics.values()))
    assert "Theorem 3.1" in str(report)
    assert report.to_dict()["not_covered"] == str(report.not_covered)
    assert not compare(named(name), perturbed(solved(name), 1e-3)).passed


def test_nothing_passed_is_no_pass():
    """Where the bound need not close, nothing is critical and no theorem applies."""
    row = Row("a", 0.0, 0.0, 1.0, "not applicable", "b")
    report = dataclasses.replace(compare(named("3.1 below"), solved("3.1 below")), rows=(row,))
    assert not report.passed
    assert row.passed is None


def test_rows_judge_both_sides_or_one():
    assert judged("a", 1.0 + 1e-3, 1e-2, "s", expected=1.0).passed
    assert not judged("a", 1.0 - 2e-2, 1e-2, "s", expected=1.0).passed
    assert judged("a", 0.5, 1e-2, "s", expected=1.0, one_sided=True).passed
    assert not judged("a", 1.02, 1e-2, "s", expected=1.0, one_sided=True).passed
    assert not judged("a", np.nan, 1e-2, "s").passed


def test_tolerance_sets_the_others():
    point = perturbed(solved("3.1 below"), 1e-4)
    assert not compare(named("3.1 below"), point).passed
    loose = compare(named("3.1 below"), point, tolerance=1e-3)
    assert loose.passed, str(loose)
    row = next(row for row in loose.rows if row.check == "biases are zero")
    np.testing.assert_allclose(row.tolerance, np.sqrt(1e-3))


def test_features_are_centred_before_their_direction_is_taken():
    """A constant across the heads moves no logit and no direction, only the scale."""
    point = point_of("5.1 below")
    point.W = [np.pad(w, ((0, 0), (0, 1))) for w in point.W]
    point.H = np.concatenate([point.H, np.ones((1, 4))])
    found = failures("5.1 below", point)
    assert "features equal scaled sums of heads, scale included" in found
    assert "features along the sum of their heads" not in found


def test_decisions_closer_than_the_geometry_is_known_are_not_judged():
    every_h = "nearest class centre on 1000 random h"
    point = perturbed(solved("3.1 below"), 1e-2)
    assert every_h in failures("3.1 below", point)
    assert every_h not in failures("3.1 below", point, tolerance=1e-4)


def test_a_closed_gap_is_judged_at_any_dimension():
    """Rank-one heads in one dimension, though two are needed to be sure of the bound."""
    prediction = theory.predict(named("5.1 parallel"))
    report = compare(named("5.1 parallel"), SimpleNamespace(W=prediction.W(1), H=prediction.H(1)))
    verdicts = {row.check: row.verdict for row in report.rows}
    assert verdicts["relative duality gap at most 0"] == verdicts["spectral ratio σ/τ at most 1"] == "passed"
    assert verdicts["objective"] == "not applicable"


def test_too_small_a_dimension_is_no_pass():
    """No row fails, but nothing is certified either."""
    problem = named("3.1 below")
    report = compare(problem, ufm.solve(problem, dim=1))
    assert not report.failures
    assert not report.passed
    assert "not certified" in str(report).splitlines()[0]
