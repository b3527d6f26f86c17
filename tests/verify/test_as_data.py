"""Results as JSON and as pandas tables, the same numbers as the objects have."""

import json

import forked
import numpy as np
import pytest

import theory
from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve
from verify import certify, compare, curvature, metrics

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.03}
PROBLEMS = {
    "single": SingleSource.balanced((3, 2), 4, **LAMBDAS),
    "multi": MultiSource.balanced((3, 2), 4, **LAMBDAS),
    "sets": MultiLabel.balanced(4, {1: 3, 2: 2}, **LAMBDAS),
    "regression": Regression(np.random.default_rng(0).standard_normal((6, 2)), **LAMBDAS | {"lambda_b": 0.0}),
}


def strict(value):
    """What comes back from standard JSON, in which NaN does not exist."""
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return PROBLEMS[request.param]


def test_everything_is_json(problem):
    solution = solve(problem)
    results = [
        *(solution, solve(problem, "gradient", steps=3), theory.predict(problem)),
        *(certify(problem, solution), compare(problem, solution), curvature(problem, solution)),
        *(metrics(problem, solution), metrics(problem, solution, classic=True)),
    ]
    for result in results:
        assert strict(result.to_dict()) == result.to_dict()
        assert len(result.to_frame()) > 0


def test_a_solution(problem):
    solution = solve(problem, "gradient", steps=4)
    data, frame = solution.to_dict(), solution.to_frame()
    assert data["objective"] == solution.objective
    assert data["outcome"] == solution.outcome.value
    assert data["problem"]["samples"] == problem.samples
    assert data["problem"]["class_names"] is None
    if problem.source == "multi":
        assert frame["loss"].tolist() == [loss for part in solution.history for loss in part["loss"]]
        assert sorted(set(frame["task"])) == [0, 1]
    else:
        assert frame["loss"].tolist() == solution.history["loss"]
        assert list(frame) == list(solution.history)


def test_names_are_part_of_a_solution():
    named = SingleSource.from_labels([["a", "x"], ["b", "y"], ["a", "y"], ["b", "x"]], **LAMBDAS)
    assert solve(named).to_dict()["problem"]["class_names"] == [["a", "b"], ["x", "y"]]


def test_a_prediction(problem):
    prediction = theory.predict(problem)
    data, frame = prediction.to_dict(), prediction.to_frame()
    assert data["objective"] == prediction.objective
    assert list(frame["name"][frame["kind"] == "hypothesis"]) == [row.name for row in prediction.hypotheses]
    thresholds = frame[frame["kind"] == "threshold"]
    assert list(thresholds["value"]) == [row.value for row in prediction.thresholds]
    assert set(frame["theorem"]) == {prediction.theorem}
    cosines = np.array(data["cosines"], dtype=float)  # None is NaN
    np.testing.assert_array_equal(cosines, prediction.cosines)


def test_certificates_and_curvatures_have_a_row_a_part(problem):
    solution = solve(problem)
    for result, figure in ((certify(problem, solution), "gap"), (curvature(problem, solution), "eigenvalue")):
        frame = result.to_frame()
        parts = [result, *result.tasks]
        assert list(frame["part"]) == ["all", *(f"task {t}" for t in range(1, len(parts)))]
        assert frame[figure].tolist() == [getattr(part, figure) for part in parts]
        assert list(frame["verdict"]) == [part.verdict for part in parts]
        assert len(result.to_dict()["tasks"]) == len(result.tasks)


def test_an_enclosure():
    problem = SingleSource.balanced((2,), 2, **LAMBDAS)
    certificate = certify(problem, solve(problem), rigorous=True)
    row = certificate.to_frame().iloc[0]
    assert (row["enclosure_lower"], row["enclosure_upper"]) == tuple(certificate.enclosure)
    assert strict(certificate.to_dict())["enclosure"] == list(certificate.enclosure)


def test_reports_and_metrics(problem):
    report = compare(problem, solve(problem))
    frame = report.to_frame()
    assert list(frame["check"]) == [row.check for row in report.rows]
    assert list(frame["verdict"]) == [row.verdict for row in report.rows]
    values = report.metrics.to_frame().set_index("metric")
    assert list(values) == ["value", "source", "reason"]
    for name, value in report.metrics.items():
        assert np.isnan(value) == np.isnan(values.loc[name, "value"]) == bool(values.loc[name, "reason"])
        assert report.metrics.to_dict()[name] == (None if np.isnan(value) else value)
    assert report.to_dict()["metrics"] == report.metrics.to_dict()


def test_pandas_is_imported_when_asked_for_and_missed_by_name():
    code = """
import sys, theory, ufm, verify
problem = ufm.SingleSource.balanced((2,), 2, lambda_H=.05, lambda_W=.05, lambda_b=.05)
report = verify.compare(problem, ufm.solve(problem))
report.to_dict()
assert "pandas" not in sys.modules
sys.modules["pandas"] = None
for result in (report, theory.predict(problem)):
    try:
        result.to_frame()
    except ModuleNotFoundError as error:
        assert "pip install pandas" in str(error)
    else:
        raise AssertionError
"""
    forked.run(code)
