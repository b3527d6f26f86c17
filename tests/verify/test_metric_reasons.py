"""What a metric that is NaN says of itself, under every source and loss."""

import copy
import pickle

import numpy as np
import pytest

from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve
from verify import compare, metrics, tracked
from verify._metrics.measured import NAMES
from verify._metrics.tables import table, without_meaning

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.03}
RNG = np.random.default_rng(0)
SOFT = [RNG.dirichlet(np.ones(3), 12), RNG.dirichlet(np.ones(2), 12)]
REAL = [RNG.standard_normal((12, 3)), RNG.standard_normal((12, 1))]
PROBLEMS = {
    "single": SingleSource.balanced((3, 2), n=4, **LAMBDAS),
    "multi": MultiSource.balanced((3, 2), 4, **LAMBDAS),
    "multilabel": MultiLabel.balanced(4, {1: 3, 2: 2}, **LAMBDAS),
    "soft": SingleSource.from_probabilities(SOFT, **LAMBDAS),
    "soft, squared": SingleSource.from_probabilities(SOFT, loss="squared-error", **LAMBDAS),
    "soft, sigmoids": SingleSource.from_probabilities(
        SOFT, loss="binary-cross-entropy", **LAMBDAS | {"lambda_b": None}
    ),
    "regression": Regression(REAL, task_weights=(1.0, 0.5), **LAMBDAS),
}
CLASSES = {"SNC2_1", "SNC2_2", "SNC4", "SNC5"}


def test_names_are_those_of_the_tables():
    known = [name for p in ("single", "multi", "multilabel", "regression") for name in table(p)]
    assert sorted(set(known)) == sorted(NAMES)
    assert set(without_meaning("soft")) == set(without_meaning("regression")) == CLASSES


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_nan_has_a_reason_and_no_number_has(name):
    measured = metrics(PROBLEMS[name], solve(PROBLEMS[name]))
    for key in NAMES:
        assert np.isnan(measured[key]) == (key in measured.reasons)
    undefined = {key for key, value in measured.items() if np.isnan(value)}
    assert undefined == (CLASSES if name.startswith(("soft", "regression")) else set())


@pytest.mark.parametrize(
    ("name", "key", "reason"),
    [
        ("soft", "SNC2_1", "soft labels have no classes"),
        ("regression", "SNC5", "real targets have no classes"),
        ("single", "NRC1", "a metric of real targets"),
        ("single", "MNC4", "a metric of tasks with samples of their own"),
        ("multi", "SNC1", "a metric of tasks that share their samples"),
        ("multilabel", "NRC3", "a metric of real targets"),
        ("soft", "NN_decoding_error", "a metric of label sets"),
    ],
)
def test_the_reason(name, key, reason):
    measured = metrics(PROBLEMS[name], solve(PROBLEMS[name]))
    assert np.isnan(measured[key])
    assert measured.reasons[key].startswith(reason)


def test_what_is_no_metric_is_a_key_error():
    measured = metrics(PROBLEMS["single"], solve(PROBLEMS["single"]))
    with pytest.raises(KeyError, match="did you mean 'SNC1'"):
        measured["SNC11"]
    assert list(measured) == ["SNC1", "SNC2_1", "SNC2_2", "SNC3", "SNC3_max", "SNC4", "SNC5"]


def test_copies_keep_the_reasons():
    measured = metrics(PROBLEMS["soft"], solve(PROBLEMS["soft"]))
    for other in (pickle.loads(pickle.dumps(measured)), copy.deepcopy(measured)):
        assert other.reasons == measured.reasons
        assert list(other) == list(measured)


def test_zero_heads_and_single_tasks():
    problem = SingleSource.balanced((3,), n=4, **LAMBDAS)
    measured = metrics(problem, W=[np.zeros((3, 2))], H=np.zeros((2, 3)))
    assert measured.reasons["SNC3"] == "one task has no other to be orthogonal to"
    assert "zero" in measured.reasons["SNC2_1"]
    pairs = MultiLabel({(0, 1): 3, (1, 2): 2}, classes=3, **LAMBDAS)
    measured = metrics(pairs, solve(pairs))
    assert measured.reasons["NC3"] == "no sample has a single label"
    assert measured.reasons["NC_m"].startswith("no size of label sets has")


def test_reports_show_the_reason():
    problem = PROBLEMS["regression"]
    rows = {row.check: row for row in compare(problem, solve(problem)).rows}
    assert rows["SNC2_1"].note == "real targets have no classes"
    assert rows["NRC1"].note == "no theorem covers this problem"
    assert rows["NRC1"].source == "Andriopoulos et al. 2024"
    free = Regression(REAL[0], **LAMBDAS | {"lambda_b": 0.0})
    report = compare(free, solve(free))
    rows = {row.check: row for row in report.rows}
    assert rows["rows of each head at simplex angles"].note == "real targets have no classes"
    assert rows["nearest class centre on training features"].note == "real targets have no classes"
    assert report.to_dict()["undefined_metrics"]["SNC2_1"] == "real targets have no classes"


def test_a_run_tracks_what_is_defined():
    problem = PROBLEMS["regression"]
    run = solve(problem, "gradient", steps=5, metrics=tracked(problem))
    assert {"SNC1", "SNC3", "NRC1", "NRC2", "NRC3"} <= set(run.history)
    assert not CLASSES & set(run.history)
    with pytest.raises(ValueError, match=r"'SNC4' is undefined here: real targets have no classes"):
        tracked(problem, "SNC4")


def test_no_bias_and_squared_error_are_measured_by_the_same_definitions():
    """Their heads are orthogonal, not a simplex: SNC2_1 is the distance from −1/(K − 1), and says so."""
    problem = SingleSource.balanced((4,), n=10, loss="squared-error", **LAMBDAS | {"lambda_b": None})
    measured = metrics(problem, solve(problem))
    assert measured["SNC2_1"] == pytest.approx(1 / 3)
    assert measured["SNC2_2"] == pytest.approx(0.0, abs=1e-12)
    assert measured["SNC5"] == 0.0
