"""Metrics where labels are missing: by loops over samples, and against the tasks apart."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theory
import verify
from theory.feature_space import FeatureSpace
from ufm import MultiSource, SingleSource, solve
from verify import claims, compare, metrics, tracked
from verify._metrics.labelled_alike import labelled_alike
from verify.reading.read import read

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.03}
CLASSES = (3, 2, 4)


def labelled(seed, classes=CLASSES, samples=80, missing=0.3):
    """Labels of random samples, some missing, none without any."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, (samples, len(classes)))
    labels[rng.random(labels.shape) < missing] = -1
    labels = labels[(labels >= 0).any(axis=1)]
    for t, k in enumerate(classes):  # every class occurs
        labels[t * 5 : t * 5 + k, t] = np.arange(k)
    return labels


def made(seed, dim=5, noise=0.4, **more):
    """A problem and features of every sample about means of their label tuples."""
    rng = np.random.default_rng(seed)
    labels = labelled(seed)
    weights = tuple(rng.uniform(0.5, 2.0, len(CLASSES)))
    problem = SingleSource.from_labels(labels, classes=CLASSES, missing=-1, task_weights=weights, **LAMBDAS | more)
    _, index = np.unique(labels, axis=0, return_inverse=True)
    centres = rng.standard_normal((dim, index.max() + 1))
    H = centres[:, index.reshape(-1)] + noise * rng.standard_normal((dim, len(labels)))
    W = [rng.standard_normal((k, dim)) for k in CLASSES]
    return problem, SimpleNamespace(W=W, H=H, b=[0.3 * rng.standard_normal(k) for k in CLASSES], labels=labels)


def unit(v):
    return v / np.linalg.norm(v)


def literal(problem, point):
    """Sample by sample; a sample is out of a task where its label is −1."""
    W, H, b, labels, c = point.W, point.H, point.b, point.labels, problem.task_weights
    tuples = [tuple(row) for row in labels.tolist()]
    mean = {y: np.mean([h for h, z in zip(H.T, tuples, strict=True) if z == y], axis=0) for y in set(tuples)}
    centre = H.mean(axis=1)
    within, sums, wrong = [], [], []
    for h, y in zip(H.T, tuples, strict=True):
        there = [t for t, k in enumerate(y) if k >= 0]
        within.append(np.sum((h - mean[y]) ** 2))
        total = sum(np.sqrt(c[t] * CLASSES[t]) * W[t][y[t]] for t in there)
        sums.append(np.linalg.norm(unit(h - centre) - unit(total)))
        alike = [z for z in mean if [t for t, k in enumerate(z) if k >= 0] == there]
        nearest = min(alike, key=lambda z, h=h: np.linalg.norm(h - mean[z]))
        wrong.append(any(np.argmax(W[t] @ h + b[t]) != nearest[t] for t in there))
    cross = [abs(unit(u) @ unit(v)) for s, t in itertools.permutations(range(3), 2) for u in W[s] for v in W[t]]
    return {
        "SNC1": np.mean(within),
        "SNC3": np.mean(cross),
        "SNC3_max": max(cross),
        "SNC4": np.mean(sums),
        "SNC5": np.mean(wrong),
    }


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), loss=st.sampled_from(["cross-entropy", "binary-cross-entropy", "squared-error"]))
def test_by_loops_over_samples(seed, loss):
    problem, point = made(seed, loss=loss)
    measured = metrics(problem, point)
    for name, value in literal(problem, point).items():
        assert measured[name] == pytest.approx(value, rel=1e-9), name
    assert 0 < measured["SNC5"] < 1  # so that both sides of a decision are there
    assert not set(measured.reasons) & set(measured)


def test_a_label_in_one_task_each_is_problem_4():
    """Then SNC5 is MNC4, but for the average: over samples, where that of Problem (4) is over tasks."""
    rng = np.random.default_rng(0)
    classes, tasks = (3, 4), np.repeat([0, 1], [30, 50])
    labels = np.full((80, 2), -1)
    labels[np.arange(80), tasks] = np.where(tasks == 0, np.arange(80) % 3, np.arange(80) % 4)
    joint = SingleSource.from_labels(labels, classes=classes, missing=-1, **LAMBDAS)
    apart = [labels[tasks == t, t] for t in range(2)]
    W, b = [rng.standard_normal((k, 4)) for k in classes], [rng.standard_normal(k) for k in classes]
    H = rng.standard_normal((4, 80)) + 2 * rng.standard_normal((4, 7))[:, labels.max(axis=1) + 3 * tasks]
    whole = metrics(joint, W=W, H=H, b=b, labels=labels)
    each = []
    for t in range(2):
        task = MultiSource.from_labels([apart[t]], classes=classes[t : t + 1], **LAMBDAS)
        each.append(metrics(task, W=[W[t]], H=[H[:, tasks == t]], b=[b[t]], labels=[apart[t]]))
    assert whole["SNC5"] == pytest.approx((30 * each[0]["MNC4"] + 50 * each[1]["MNC4"]) / 80)
    assert whole["SNC1"] == pytest.approx((30 * each[0]["MNC1"] + 50 * each[1]["MNC1"]) / 80)
    assert whole["SNC5"] > 0


def test_decisions_are_those_of_the_parts_as_problems_of_their_own():
    problem, point = made(3)
    total, patterns = 0.0, np.unique(point.labels >= 0, axis=0)
    for there in patterns:
        tasks = np.flatnonzero(there).tolist()
        chosen = ((point.labels >= 0) == there).all(axis=1)
        labels, classes = point.labels[chosen][:, tasks], [CLASSES[t] for t in tasks]
        own = SingleSource.from_labels(labels, classes=classes, **LAMBDAS)
        W, b = ([of[t] for t in tasks] for of in (point.W, point.b))
        total += chosen.sum() * metrics(own, W=W, b=b, H=point.H[:, chosen], labels=labels)["SNC5"]
    assert len(labelled_alike(read(problem, point).samples[0])) == len(patterns) > 4
    assert metrics(problem, point)["SNC5"] == pytest.approx(total / problem.samples)


@pytest.mark.parametrize(
    "loss", ["cross-entropy", "squared-error", ("squared-error", "binary-cross-entropy", "cross-entropy")]
)
def test_a_solved_minimum_is_measured(loss):
    problem, _ = made(1, loss=loss)
    point = solve(problem)
    report = compare(problem, point)
    assert report.passed, str(report)
    assert report.metrics["SNC1"] == 0.0
    assert all(np.isfinite(value) for value in report.metrics.values())
    assert (claims.nc5(problem, point) > 0.0) == (report.metrics["SNC5"] > 0.0)


def test_all_labels_there_change_nothing():
    full = SingleSource.balanced((3, 2), n=4, **LAMBDAS)
    (whole,) = read(full, solve(full)).samples
    assert labelled_alike(whole) == [whole]


def test_along_a_run():
    problem, _ = made(4)
    run = solve(problem, "gradient", steps=30, metrics=tracked(problem, "SNC1", "SNC4", "SNC5"))
    assert np.isfinite(run.history["SNC5"]).all()
    assert run.history["SNC4"][-1] == pytest.approx(metrics(problem, run)["SNC4"], rel=1e-6)


def test_rows_leave_a_sample_out_where_it_has_no_label(monkeypatch):
    """A prediction made of the solution itself: its logits count in the tasks with a label, and nowhere else."""
    problem, _ = made(5)
    point = solve(problem)
    stacked, H = np.concatenate([np.asarray(w) for w in point.W]), np.asarray(point.H)
    there = np.repeat(problem.labels.T >= 0, CLASSES, axis=0)
    cosines = (units := stacked / np.linalg.norm(stacked, axis=1)[:, None]) @ units.T

    def rows_with(logits):
        space = FeatureSpace(tuple(point.W), lambda: H, lambda: logits, None, stacked @ stacked.T, cosines)
        codes, biases = ("SNC1", "SNC5"), (np.concatenate([np.asarray(b) for b in point.b]),)
        objective = verify.certify(problem, point).objective
        words, none = ("a theorem", "its equation", "below"), ()
        prediction = theory.Prediction(*words, True, none, none, codes, objective, 6, False, False, (space,), biases)
        monkeypatch.setattr(theory, "predict", lambda _: prediction)
        return {row.check: row for row in compare(problem, point).rows}

    off = 0.1 * np.random.default_rng(0).standard_normal(there.shape)
    rows = rows_with(stacked @ H + np.where(there, 0.0, off))
    assert rows["logits W h"].measured < 1e-12
    assert rows["nearest class centre on training features"].measured == metrics(problem, point)["SNC5"]
    assert rows_with(stacked @ H + np.where(there, off, 0.0))["logits W h"].verdict == "failed"
