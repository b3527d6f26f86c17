"""Minima held against their theorems, in every regime."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from points import mapped
from verified_points import BELOW, COVERED, named, per_sample, solved

import theory
import ufm
import verify
from ufm import solve
from verify import compare

COLLAPSE = "features equal the mean of their label"
BALANCE = "penalties of W and H balanced"
EVERY_H = "nearest class centre on 1000 random h"
TRAINING = "nearest class centre on training features"


def verdicts(report):
    return {row.check: row.verdict for row in report.rows}


def skipped(report):
    return {row.check for row in report.rows if row.verdict == "not applicable"}


@pytest.mark.parametrize("name", list(COVERED))
def test_solved_minimum_passes(name):
    report = compare(named(name), solved(name))
    assert report.passed, str(report)
    assert report.failures == ()
    assert report.prediction.theorem == theory.predict(named(name)).theorem
    assert report.not_covered is None
    assert report.certificate == verify.certify(named(name), solved(name))


@pytest.mark.parametrize("name", list(COVERED))
def test_the_theorems_own_minimizer_passes(name):
    prediction = theory.predict(named(name))
    report = compare(named(name), SimpleNamespace(W=prediction.W(), H=prediction.H()))
    assert report.passed, str(report)


@pytest.mark.parametrize("name", [name for name in COVERED if name != "3.1 large"])
def test_a_column_per_sample_passes_and_checks_collapse(name):
    report = compare(named(name), per_sample(named(name), solved(name)))
    assert report.passed, str(report)
    one_each = named(name).samples == sum(np.size(counts) for counts in named(name).counts)
    assert verdicts(report)[COLLAPSE] == ("not applicable" if one_each else "passed")


@pytest.mark.parametrize("name", BELOW)
def test_below_the_thresholds_only_collapse_by_construction_is_skipped(name):
    expected = {COLLAPSE}
    if name == "3.1 one task":
        expected |= {"heads of different tasks are orthogonal"}
    if name == "5.1 below":
        expected |= {EVERY_H}
    assert skipped(compare(named(name), solved(name))) == expected


def test_rows_of_theorem_3_1():
    rows = {row.check: row.source for row in compare(named("3.1 below"), solved("3.1 below")).rows}
    assert rows == {
        "relative duality gap at most 0": "duality gap, beyond the paper",
        "spectral ratio σ/τ at most 1": "duality gap, beyond the paper",
        BALANCE: "every critical point, beyond the paper",
        "penalties balanced along every singular direction": "every critical point, beyond the paper",
        "closed-form minimum between lower bound and objective": "Theorem 3.1, eq. 14",
        "objective": "Theorem 3.1, eq. 14",
        "rows of each head have equal norms": "Theorem 3.1 (2)",
        "rows of each head at simplex angles": "Theorem 3.1 (2)",
        "heads of different tasks are orthogonal": "Theorem 3.1 (3)",
        "cosines between all heads": "Theorem 3.1, eq. 14",
        "Gram matrix of the heads, scale included": "Theorem 3.1, eq. 14",
        "biases are zero": "Theorem 3.1",
        COLLAPSE: "Theorem 3.1 (1)",
        "logits W h": "Theorem 3.1, eq. 14",
        "features equal W⁺ of the logits, scale included": "every critical point, beyond the paper",
        "features along the sum of their heads": "Theorem 3.1 (4)",
        "features equal scaled sums of heads, scale included": "Theorem 3.1, eq. 14",
        TRAINING: "Theorem 3.1 (5)",
        EVERY_H: "Theorem 3.1 (5)",
    }


def test_rows_of_theorem_5_1_measure_its_cosine():
    row = next(r for r in compare(named("5.1 below"), solved("5.1 below")).rows if r.check == "cos(w_1^1, w_1^2)")
    np.testing.assert_allclose(row.expected, theory.task_correlation_cosine(38, 2, 0.05, 0.05), rtol=1e-14)
    np.testing.assert_allclose(row.measured, row.expected, rtol=1e-9)
    assert row.source == "Theorem 5.1 (3), eq. 31"


@pytest.mark.parametrize("name", ["3.1 zero", "3.1 at threshold", "3.2 zero", "5.1 zero"])
def test_past_every_threshold_only_zero_is_checked(name):
    report = compare(named(name), solved(name))
    checked = {row.check for row in report.rows if row.verdict == "passed"}
    assert {"head of task 1 is zero", "head of task 2 is zero", "features past their threshold are zero"} <= checked
    assert {BALANCE, "rows of each head have equal norms", "Gram matrix of the heads, scale included"} <= skipped(
        report
    )
    assert {TRAINING, EVERY_H} <= skipped(report)


def test_a_task_past_its_threshold():
    report = compare(named("B.2 partial"), solved("B.2 partial"))
    assert verdicts(report)["head of task 2 is zero"] == "passed"
    assert "head of task 1 is zero" not in verdicts(report)
    assert verdicts(report)["rows of each head at simplex angles"] == "passed"
    assert "heads of different tasks are orthogonal" in skipped(report)
    row = next(row for row in report.rows if row.check == "head of task 2 is zero")
    assert row.source == "Theorem B.2, past its threshold"
    multi = verdicts(compare(named("3.2 partial"), solved("3.2 partial")))
    assert multi["head of task 2 is zero"] == multi["class features along their heads"] == "passed"


@pytest.mark.parametrize(("name", "cosine"), [("5.1 parallel", 1.0), ("5.1 opposite", -1.0)])
def test_heads_of_rank_one(name, cosine):
    report = compare(named(name), solved(name))
    row = next(row for row in report.rows if row.check == "cos(w_1^1, w_1^2)")
    assert row.expected == cosine
    assert row.verdict == "passed"
    assert verdicts(report)["features past their threshold are zero"] == "passed"
    assert verdicts(report)["features along the sum of their heads"] == "passed"


@pytest.mark.parametrize("name", ["3.1 below", "3.2 below", "5.1 below"])
def test_too_small_a_dimension_is_no_case_of_the_theorem(name):
    report = compare(named(name), solve(named(name), dim=1))
    applicable = {row.check for row in report.rows if row.verdict != "not applicable"}
    assert applicable == {
        BALANCE,
        "penalties balanced along every singular direction",
        "closed-form minimum between lower bound and objective",
    }
    row = next(row for row in report.rows if row.check == "objective")
    assert row.note == f"d = 1 < {report.prediction.required_dim}, which {report.prediction.theorem} requires"
    assert row.measured > row.expected


def test_wide_features_and_rotations_pass():
    problem, point = named("B.2 below"), solved("B.2 below")
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((40, 40)))[0][:, :5]
    moved = SimpleNamespace(W=[np.asarray(w) @ Q.T for w in point.W], H=Q @ np.asarray(point.H))
    assert compare(problem, moved).passed
    assert compare(problem, solve(problem, dim=12)).passed


def test_blocks_of_columns_do_not_matter(monkeypatch):
    problem = named("3.1 below")
    point = mapped(per_sample(problem, solved("3.1 below")), lambda x: 1.01 * x)
    whole = compare(problem, point)
    monkeypatch.setattr("verify.reading.label_sums.BLOCK", 50)
    monkeypatch.setattr("verify.comparison.checks.decisions.BLOCK", 50)
    for row, other in zip(whole.rows, compare(problem, point).rows, strict=True):
        np.testing.assert_allclose(other.measured, row.measured, rtol=1e-9, atol=1e-12)
        assert other.verdict == row.verdict


@pytest.mark.parametrize("name", ["3.1 below", "3.1 zero", "3.2 below", "5.1 below"])
def test_report_as_json_text_and_table(name):
    report = compare(named(name), solved(name))
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["passed"] is True
    assert data["theorem"] == report.prediction.theorem
    assert data["certificate"]["verdict"] == "global minimum"
    assert set(data["metrics"]) == set(verify.metrics(named(name), solved(name)))
    assert [row["check"] for row in data["rows"]] == [row.check for row in report.rows]
    assert {row["passed"] for row in data["rows"]} <= {True, None}
    for row in report.rows:
        assert row.check in str(report)
        assert row.check.replace("σ", "σ") in report._repr_html_()
    assert f"{report.prediction.theorem} passed" in str(report)


@pytest.mark.parametrize("below", [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 1e-12])
def test_just_below_a_threshold_nothing_fails(below):
    """Heads that small have no direction to the tolerance, and rows that need one say so."""
    for problem, threshold in (
        (ufm.SingleSource.balanced((3, 3), 10, **lambdas(1.0)), 90 / 12),
        (ufm.SingleSource.balanced((2, 2, 2), 10, **lambdas(1.0)), 80 / 8),
        (ufm.MultiSource.balanced((3, 4), 10, **lambdas(1.0)), 10 / 4),
        (ufm.SingleSource.correlated(2, n_same=100, n_different=4, **lambdas(1.0)), 4 / 2),
    ):
        problem.lambda_H = problem.lambda_W = float(np.sqrt((1 - below) * threshold))
        report = compare(problem, ufm.solve(problem))
        assert report.passed, str(report)
        assert report.prediction.within_theorem


def test_logits_of_a_head_too_small_to_measure_are_held_all_the_same():
    problem = ufm.SingleSource.balanced((3, 3), 10, **lambdas(float(np.sqrt((1 - 1e-5) * 90 / 12))))
    prediction = theory.predict(problem)
    for scale, verdict in ((0.0, "passed"), (1.0, "passed"), (20.0, "failed")):
        point = SimpleNamespace(W=[scale * w for w in prediction.W()], H=prediction.H())
        assert verdicts(compare(problem, point))["logits W h"] == verdict


@pytest.mark.parametrize("past", [0.0, 1e-15, 1e-8, 1e-5, 1e-3])
@pytest.mark.parametrize("counts", [{"n_same": 3, "n_different": 1}, {"n_same": 500, "n_different": 300}])
def test_features_beside_a_part_that_is_zero(counts, past):
    """At its threshold what is left of the part that heads differ in turns features by the fourth root of the gap."""
    threshold = 4 * counts["n_different"] / 4
    problem = ufm.SingleSource.correlated(4, **counts, **lambdas(1.0))
    problem.lambda_H = (1 + past) * threshold
    solution = ufm.solve(problem)
    report = compare(problem, solution)
    assert report.passed, str(report)
    direction = "features along the sum of their heads"
    assert verdicts(report)[direction] == "passed"
    turned = SimpleNamespace(W=solution.W, H=solution.H.numpy() * (1 + 0.03 * np.arange(6))[:, None], b=solution.b)
    assert verdicts(compare(problem, turned))[direction] == "failed"


def lambdas(value):
    return {"lambda_H": value, "lambda_W": value, "lambda_b": 0.05}
