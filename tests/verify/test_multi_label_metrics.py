"""Metrics of multi-label collapse by literal formulas, and decoding of label sets by the nearest mean."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ufm import MultiLabel, SingleSource, solve
from verify import decode_label_sets, metrics, tracked

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
REAL = MultiLabel({(0,): 4, (1,): 9, (2,): 1, (0, 2): 5, (0, 1, 2): 1, (1, 3): 7, (0, 1): 2}, classes=4, **LAMBDAS)
ALL = MultiLabel.balanced(4, {1: 3, 2: 2, 3: 1, 4: 2}, **LAMBDAS)


def per_sample_point(problem, seed, dim=5, noise=0.3):
    """Features about means of their label sets, one per sample, in random order."""
    rng = np.random.default_rng(seed)
    columns = rng.permutation(np.repeat(np.arange(len(problem.counts)), problem.counts))
    means = rng.standard_normal((dim, len(problem.counts)))
    H = means[:, columns] + noise * rng.standard_normal((dim, len(columns)))
    W, b = rng.standard_normal((problem.classes[0], dim)), rng.standard_normal(problem.classes[0])
    return SimpleNamespace(W=[W], b=[b], H=H, labels=problem.labels[columns])


def angle(u, v):
    return math.acos(min(1.0, u @ v / math.sqrt((u @ u) * (v @ v))))


def literal(problem, point):
    """The docstrings' formulas, sample by sample and set by set."""
    W, H = point.W[0], point.H
    features = {}
    for h, row in zip(H.T, point.labels, strict=True):
        features.setdefault(tuple(np.flatnonzero(row).tolist()), []).append(h)
    mean = {s: np.mean(hs, axis=0) for s, hs in features.items()}
    within = np.mean([np.sum((h - mean[s]) ** 2) for s, hs in features.items() for h in hs])

    singles = {s[0]: m for s, m in mean.items() if len(s) == 1}
    centre = np.mean([h for s, hs in features.items() if len(s) == 1 for h in hs], axis=0)
    unit = lambda x: x / np.linalg.norm(x)
    duality = np.mean([np.sum((unit(m - centre) - unit(W[k])) ** 2) for k, m in singles.items()])

    ratios = []
    for m in range(2, problem.classes[0] + 1):
        own = [s for s in mean if len(s) == m and set(s) <= set(singles)]
        others = list(itertools.combinations(sorted(singles), m))
        if own and len(others) > 1:
            numerator = np.mean([angle(mean[s], sum(singles[k] for k in s)) for s in own])
            denominator = np.mean([angle(mean[s], sum(singles[k] for k in o)) for s in own for o in others])
            ratios.append(numerator / denominator)

    wrong = 0
    for s, hs in features.items():
        for h in hs:
            nearest = min(mean, key=lambda o: np.sum((h - mean[o]) ** 2))
            wrong += nearest != s
    return {"NC1": within, "NC3": duality, "NC_m": np.mean(ratios), "NN_decoding_error": wrong / len(H.T)}


@given(st.sampled_from([REAL, ALL]), st.integers(0, 10**6), st.sampled_from([0.1, 1.0]))
def test_literal_formulas(problem, seed, noise):
    point = per_sample_point(problem, seed, noise=noise)
    measured = metrics(problem, point)
    for name, value in literal(problem, point).items():
        assert measured[name] == pytest.approx(value, rel=1e-9), name


@given(st.integers(0, 10**6))
def test_heads_are_measured_as_one_task_s(seed):
    point = per_sample_point(ALL, seed)
    single = SingleSource([1, 1, 1, 1], **LAMBDAS)
    of_heads = metrics(single, W=point.W, H=np.ones((5, 4)), b=point.b)
    measured = metrics(ALL, point)
    assert (measured["NC2_1"], measured["NC2_2"]) == (of_heads["SNC2_1"], of_heads["SNC2_2"])


def test_a_rotation_leaves_every_metric():
    point = per_sample_point(REAL, 1)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    moved = SimpleNamespace(W=[point.W[0] @ Q.T], b=point.b, H=Q @ point.H, labels=point.labels)
    assert metrics(REAL, moved) == pytest.approx(metrics(REAL, point), rel=1e-9)


@pytest.mark.parametrize(
    "problem",
    [ALL, MultiLabel.balanced(3, {1: 10, 2: 5}, **LAMBDAS), MultiLabel.balanced(5, {1: 2, 2: 5, 4: 1}, **LAMBDAS)],
)
def test_every_metric_vanishes_at_a_balanced_minimum(problem):
    for name, value in metrics(problem, solve(problem)).items():
        assert value < 1e-7, name


def test_metrics_of_an_imbalanced_minimum_do_not_vanish():
    """Balance within each multiplicity is what the theorem needs: without it, heads are no simplex frame."""
    measured = metrics(REAL, solve(REAL))
    assert measured["NC1"] == 0.0
    assert measured["NN_decoding_error"] == 0.0
    assert min(measured[name] for name in ("NC2_1", "NC2_2", "NC3", "NC_m")) > 1e-3


def test_what_is_undefined_is_nan():
    none = MultiLabel.balanced(4, {2: 3, 3: 1}, **LAMBDAS)
    measured = metrics(none, solve(none))
    assert math.isnan(measured["NC3"])
    assert math.isnan(measured["NC_m"])
    only = MultiLabel.balanced(3, {1: 3, 3: 1}, **LAMBDAS)  # m = K has one label set: no other to compare with
    measured = metrics(only, solve(only))
    assert measured["NC3"] < 1e-12
    assert math.isnan(measured["NC_m"])
    zero = SimpleNamespace(W=[np.zeros((4, 2))], H=np.zeros((2, len(ALL.counts))))
    measured = metrics(ALL, zero)
    assert all(math.isnan(measured[name]) for name in ("NC2_1", "NC2_2", "NC3", "NC_m"))


def test_features_along_one_direction_have_no_angles():
    point = per_sample_point(REAL, 0, dim=1, noise=0.0)
    point.H = np.abs(point.H)
    assert math.isnan(metrics(REAL, W=point.W, H=point.H, b=point.b, labels=point.labels)["NC_m"])


def test_one_class_without_single_label_samples():
    """Label sets with that class have no sum to be compared with; the others do."""
    problem = MultiLabel({(0,): 1, (1,): 1, (2,): 1, (0, 1): 1, (0, 3): 1}, classes=4, **LAMBDAS)
    H = np.array([[1.0, 0.0, 0.0, 1.0, 5.0], [0.0, 1.0, 0.0, 1.0, 7.0], [0.0, 0.0, 1.0, 0.0, 1.0]])
    assert metrics(problem, W=[np.eye(4, 3)], H=H)["NC_m"] == pytest.approx(0.0, abs=1e-12)
    H[2, 3] = 1.0  # 35.3° from the own sum and from the two others alike
    assert metrics(problem, W=[np.eye(4, 3)], H=H)["NC_m"] == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("problem", [REAL, ALL, MultiLabel.balanced(5, {1: 2, 2: 5, 5: 1}, **LAMBDAS)])
def test_decoding_at_the_minimum(problem):
    solution = solve(problem)
    np.testing.assert_array_equal(decode_label_sets(problem, solution), problem.labels)
    # features nearer to their own mean than half the least distance between two
    means = solution.H.numpy()
    least = min(np.linalg.norm(a - b) for a, b in itertools.combinations(means.T, 2))
    steps = np.random.default_rng(0).standard_normal((len(means), 500))
    steps *= 0.49 * least / np.linalg.norm(steps, axis=0)
    own = np.random.default_rng(1).integers(0, means.shape[1], 500)
    np.testing.assert_array_equal(decode_label_sets(problem, solution, means[:, own] + steps), problem.labels[own])


def test_decoding_against_means_in_another_order_is_wrong():
    """Negative control: means moved round by one label set, features as they were."""
    solution = solve(ALL)
    H = solution.H.numpy()
    moved = SimpleNamespace(W=solution.W, b=solution.b, H=np.roll(H, 1, axis=1), labels=ALL.labels)
    decoded = decode_label_sets(ALL, moved, H)
    assert (decoded != ALL.labels).any(axis=1).all()
    np.testing.assert_array_equal(decoded, np.roll(ALL.labels, -1, axis=0))


def test_mislabelled_samples_are_the_decoding_error():
    """Ten features of each of three sets; one sample of the first has the second's feature: 1 of 30 decodes wrongly."""
    problem = MultiLabel({(0,): 10, (1,): 10, (0, 1): 10}, classes=2, **LAMBDAS)
    labels = np.repeat(problem.labels, 10, axis=0)
    H = np.repeat(np.array([[0.0, 6.0, 0.0], [0.0, 0.0, 6.0]]), 10, axis=1)
    assert metrics(problem, W=[np.eye(2)], H=H, labels=labels)["NN_decoding_error"] == 0.0
    H[:, 0] = H[:, 10]
    assert metrics(problem, W=[np.eye(2)], H=H, labels=labels)["NN_decoding_error"] == pytest.approx(1 / 30)
    # one column stands for a whole label set: its ten samples of thirty
    counted = metrics(problem, W=[np.eye(2)], H=np.array([[0.0, 0.0, 9.0], [0.0, 0.0, 0.0]]))
    assert counted["NN_decoding_error"] == pytest.approx(10 / 30)


def test_equal_means_decode_to_the_first_label_set():
    point = SimpleNamespace(W=[np.zeros((4, 3))], H=np.zeros((3, len(ALL.counts))))
    decoded = decode_label_sets(ALL, point)
    np.testing.assert_array_equal(decoded, np.repeat(ALL.labels[:1], len(ALL.counts), axis=0))
    assert metrics(ALL, point)["NN_decoding_error"] == pytest.approx(1 - ALL.counts[0] / ALL.samples)


def test_far_from_the_origin_distances_are_still_told_apart():
    point = per_sample_point(ALL, 3, noise=0.01)
    far = SimpleNamespace(W=point.W, b=point.b, H=point.H + 1e6, labels=point.labels)
    np.testing.assert_array_equal(decode_label_sets(ALL, far), decode_label_sets(ALL, point))


def test_decoding_in_blocks(monkeypatch):
    point = per_sample_point(REAL, 7, noise=1.0)
    features = np.random.default_rng(0).standard_normal((5, 101))
    whole = decode_label_sets(REAL, point, features)
    monkeypatch.setattr("verify.reading.label_sums.BLOCK", 40)
    np.testing.assert_array_equal(decode_label_sets(REAL, point, features), whole)
    assert whole.shape == (101, 4)


def test_bad_decoding_input():
    solution = solve(ALL)
    with pytest.raises(TypeError, match=r"problem must be a ufm\.MultiLabel.*got SingleSource"):
        decode_label_sets(SingleSource([1, 2], **LAMBDAS), solution)
    with pytest.raises(ValueError, match="features has 4 rows but the solution has d = 3"):
        decode_label_sets(ALL, solution, np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"features\[0, 1\] = nan is not finite"):
        decode_label_sets(ALL, solution, [[0.0, np.nan], [0, 0], [0, 0]])
    with pytest.raises(ValueError, match="features must have 2 axes"):
        decode_label_sets(ALL, solution, [0.0, 1.0, 2.0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("problem", [REAL, ALL, MultiLabel.balanced(3, {2: 2, 3: 1}, label_smoothing=0.1, **LAMBDAS)])
def test_metrics_along_a_run_are_the_same(problem, dtype):
    """At a point that has not collapsed, the history against the table."""
    solution = solve(problem, "gradient", steps=6, dtype=dtype, metrics=tracked(problem))
    table = metrics(problem, solution)
    for name in ("NC1", "NC2_1", "NC2_2", "NC3", "NC_m"):
        tolerance = 1e-9 if dtype == "float64" else 1e-4
        assert solution.history[name][-1] == pytest.approx(table[name], rel=tolerance, nan_ok=True)
