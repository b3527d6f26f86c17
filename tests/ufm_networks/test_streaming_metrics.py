"""Streamed metrics are those of verify.metrics on all features at once, however the features are cut and scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

import ufm
import verify
from ufm_networks.metrics import stream_metrics
from ufm_networks.metrics.moments import FeatureMoments

LAMBDAS: dict[str, Any] = {"lambda_H": 1.0, "lambda_W": 1.0, "lambda_b": 1.0}


@dataclass
class Case:
    problem: Any
    labels: np.ndarray
    H: np.ndarray  # (N, d)
    W: list[np.ndarray]
    b: list[np.ndarray]

    def stream(self, *args: Any, **options: Any) -> dict[str, float]:
        return dict(self.measured(*args, **options))

    def measured(
        self, sizes: list[int], dtype: torch.dtype = torch.float64, device: str = "cpu", **options: Any
    ) -> verify.Metrics:
        cuts = np.cumsum(sizes)[:-1]

        def batches():
            for part in np.split(np.random.default_rng(9).permutation(len(self.H)), cuts):
                if len(part):
                    yield torch.tensor(self.H[part], dtype=dtype, device=device), part

        W, b = ([torch.tensor(part, device=device) for part in parts] for parts in (self.W, self.b))
        asked = {"classic": True, "effective_rank": options.get("passes") != 1} | options
        return stream_metrics(self.problem, self.labels, batches, W, b, **asked).metrics

    def reference(self) -> dict[str, float]:
        if self.problem.source == "multi":
            own = [self.labels[:, t] >= 0 for t in range(len(self.W))]
            H = [self.H[rows].T for rows in own]
            labels: Any = [self.labels[rows, t] for t, rows in enumerate(own)]
        else:
            H, labels = self.H.T, self.labels
        return verify.metrics(self.problem, W=self.W, H=H, b=self.b, labels=labels, classic=True)


def case(source: str, seed: int = 0, *, samples: int = 200, spread: float = 1.0, noise: float = 0.3) -> Case:
    """Features around label means that lie ``spread`` from a common vector of length about 1."""
    rng = np.random.default_rng(seed)
    d = 7
    if source == "multilabel":
        sets = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0], [0, 1, 0, 1]])
        index = np.concatenate([np.arange(6), rng.integers(0, 6, samples - 6)])
        labels = sets[index].astype(np.int64)
        problem: Any = ufm.MultiLabel.from_indicators(labels, **LAMBDAS)
        classes: tuple[int, ...] = (4,)
    elif source == "single":
        classes = (3, 2)
        tuples = np.concatenate([np.stack(np.unravel_index(np.arange(6), classes), 1), np.zeros((0, 2), int)])
        labels = np.concatenate([tuples, rng.integers(0, classes, (samples - 6, 2))]).astype(np.int64)
        problem = ufm.SingleSource.from_labels(labels, classes=classes, task_weights=[1.5, 1.0], **LAMBDAS)
    elif source == "missing":
        classes = (3, 2)
        labels = np.stack([rng.integers(-1, k, samples) for k in classes], axis=1)
        labels[(labels < 0).all(axis=1), 0] = 0
        problem = ufm.SingleSource.from_labels(labels, classes=classes, task_weights=[1.5, 1.0], missing=-1, **LAMBDAS)
    else:
        classes = (3, 2, 4)
        task = np.concatenate([np.repeat([0, 1, 2], classes), rng.integers(0, 3, samples - 9)])
        y = np.concatenate([*[np.arange(k) for k in classes], rng.integers(0, np.array(classes)[task[9:]])])
        labels = np.full((samples, 3), -1, dtype=np.int64)
        labels[np.arange(samples), task] = y
        columns = [labels[labels[:, t] >= 0, t] for t in range(3)]
        problem = ufm.MultiSource.from_labels(columns, classes=classes, **LAMBDAS)
    _, index = np.unique(labels, axis=0, return_inverse=True)
    centres = rng.normal(size=d) + spread * rng.normal(size=(index.max() + 1, d))
    H = centres[index.reshape(-1)] + spread * noise * rng.normal(size=(samples, d))
    W = [rng.normal(size=(k, d)) for k in classes]
    return Case(problem, labels, H, W, [0.1 * rng.normal(size=k) for k in classes])


def assert_same(streamed: dict[str, float], expected: dict[str, float], rel: float = 1e-9) -> None:
    assert streamed.keys() == expected.keys()
    for name, value in expected.items():
        assert streamed[name] == pytest.approx(value, rel=rel, nan_ok=True), name


@pytest.mark.parametrize("source", ["single", "missing", "multi", "multilabel"])
@settings(max_examples=examples(25))
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(1, 90), min_size=1, max_size=9))
def test_any_batches_give_the_metrics_of_all_features(source: str, seed: int, cuts: list[int]) -> None:
    made = case(source, seed)
    sizes = [*cuts, 10**6]
    assert_same(made.stream(sizes), made.reference())


@pytest.mark.parametrize("source", ["single", "multi", "multilabel"])
@pytest.mark.parametrize("spread", [1e-3, 1e-6])
def test_ill_conditioned_means(source: str, spread: float, device: str) -> None:
    """Σh² − (Σh)²/n would keep 4 digits at a spread of 1e-6; merged deviations keep all that the features have."""
    made = case(source, 3, spread=spread)
    expected = made.reference()
    streamed = made.stream([17] * 11 + [10**6], device=device)
    if spread == 1e-6 and source == "multilabel":  # the angles of 1e-6 that NC_m compares have few digits themselves
        assert streamed.pop("NC_m") == pytest.approx(expected.pop("NC_m"), rel=1e-3)
    assert_same(streamed, expected, rel=1e-8)


def test_ill_conditioned_single_precision_features() -> None:
    """float32 features are taken as they are; what is computed from them is float64."""
    made = case("single", 4, spread=1e-3)
    made.H = made.H.astype(np.float32)
    streamed = made.stream([64, 64, 72], dtype=torch.float32)
    made.H = made.H.astype(np.float64)
    assert_same(streamed, made.reference())


def test_missing_labels_in_every_device_batch_and_empty_batches(device: str) -> None:
    made = case("missing", 5)
    assert_same(made.stream([1, 0, 7, 30, 10**6], device=device), made.reference())
    (pattern,) = {tuple(row) for row in np.unique(made.labels >= 0, axis=0).tolist()} - {(True, False), (True, True)}
    assert pattern == (False, True)


def test_one_pass_says_what_a_second_would_measure() -> None:
    made = case("single", 5)
    whole, half = made.measured([10**6]), made.measured([10**6], passes=1)
    again = {"SNC4", "SNC5", "pinv_NC1", "centre_agreement"}
    assert set(half.reasons) - set(whole.reasons) == again | {"effective_rank"}
    assert all("second pass" in half.reasons[name] for name in again)
    assert "effective_rank=True" in half.reasons["effective_rank"]
    made.W = [np.zeros_like(w) for w in made.W]
    assert "zero" in made.measured([10**6]).reasons["SNC4"]


def test_targets_that_are_no_classes_are_refused_by_name() -> None:
    problem = ufm.Regression(np.eye(3), **LAMBDAS)
    with pytest.raises(ValueError, match=r"Regression, whose targets are not classes.*verify\.metrics"):
        stream_metrics(problem, problem.labels, lambda: iter(()), [np.eye(3)])


def test_ties_are_no_disagreement() -> None:
    """Heads that do not tell classes apart, and means that coincide, disagree with nothing."""
    made = case("single", 5)
    made.W = [np.zeros_like(w) for w in made.W]
    made.b = [np.zeros_like(v) for v in made.b]
    assert made.reference()["SNC5"] == 0 == made.stream([50, 10**6])["SNC5"]
    made = case("single", 5)
    made.H = np.repeat(made.H[:1], len(made.H), axis=0)
    assert made.reference()["SNC5"] == made.stream([50, 10**6])["SNC5"]
    assert np.isnan(made.stream([50, 10**6])["SNC4"])


def test_disagreements_are_counted() -> None:
    made = case("single", 6)
    made.b = [np.array([50.0, 0, 0]), made.b[1]]
    assert made.reference()["SNC5"] > 0.2
    assert made.stream([33, 10**6])["SNC5"] == pytest.approx(made.reference()["SNC5"], rel=1e-12)


def test_one_pass_leaves_out_what_needs_the_means() -> None:
    made = case("single", 7)
    one, two = made.stream([60, 10**6], passes=1), made.stream([60, 10**6])
    again = {"SNC4", "SNC5", "pinv_NC1", "centre_agreement", "effective_rank", "self_duality"}  # the last by itself
    assert {name for name, value in one.items() if np.isnan(value)} == again
    assert {k: v for k, v in one.items() if k not in again} == {k: v for k, v in two.items() if k not in again}


def test_shares_of_several_processes_merge_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    h, groups = torch.tensor(1e3 + rng.normal(size=(90, 4))), rng.integers(0, 5, 90)
    whole, parts = FeatureMoments(5, 4), [FeatureMoments(5, 4) for _ in range(3)]
    whole.add(h, groups)
    for part, rows in zip(parts, np.array_split(np.arange(90), 3), strict=True):
        part.add(h[rows], groups[rows])
    parts[0].merge(parts[1:])
    for name in ("count", "mean", "spread", "largest"):
        torch.testing.assert_close(getattr(parts[0], name), getattr(whole, name), rtol=1e-11, atol=0)
    literal = [float(((h[groups == g] - h[groups == g].mean(0)) ** 2).sum()) for g in range(5)]
    np.testing.assert_allclose(whole.spread, literal, rtol=1e-9)


@pytest.mark.parametrize("problem", ["missing", "twice", "infinite"])
def test_what_is_not_the_whole_set_is_refused(problem: str) -> None:
    made = case("single", 8)

    def batches():
        H = torch.tensor(made.H)
        if problem == "infinite":
            H[3, 2] = torch.inf
        rows = np.arange(len(H) - (problem == "missing"))
        yield H[rows], rows
        if problem == "twice":
            yield H[:1], np.zeros(1, dtype=np.int64)

    message = "not finite" if problem == "infinite" else "does not give each sample once"
    with pytest.raises(ValueError, match=message):
        stream_metrics(made.problem, made.labels, batches, [torch.tensor(w) for w in made.W])


def test_means_and_spread_are_in_the_order_of_the_problem() -> None:
    made = case("single", 9)
    rows = np.arange(len(made.H))
    W = [torch.tensor(w) for w in made.W]
    measured = stream_metrics(made.problem, made.labels, lambda: [(torch.tensor(made.H), rows)], W)
    for column, label in enumerate(made.problem.labels):
        own = made.H[(made.labels == label).all(axis=1)]
        np.testing.assert_allclose(measured.means[:, column], own.mean(0), rtol=1e-10)
        np.testing.assert_allclose(measured.spread[column], own.var(0).sum(), rtol=1e-10)
