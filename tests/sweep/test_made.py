"""The problem that parameters state is the one that ufm's own constructor makes, field by field."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ufm
from verify.falsification.problems import record
from verify.sweeping import read_study
from verify.sweeping.made import made

SET: dict[str, Any] = {"lambda_H": 0.01, "lambda_W": 0.02, "lambda_b": 0.03}
TABLES: dict[str, tuple[dict[str, Any], ufm.SingleSource | Any]] = {
    "balanced": ({"classes": [2, 3], "n": 4}, ufm.SingleSource.balanced((2, 3), 4, **SET)),
    "one K for all": ({"classes": 3, "tasks": 3, "n": 2}, ufm.SingleSource.balanced((3, 3, 3), 2, **SET)),
    "pairs": (
        {"classes": 3, "tasks": 3, "counts": "pairwise-uniform", "n": 2},
        ufm.SingleSource.orthogonal_array(3, 3, 2, **SET),
    ),
    "correlated": (
        {"classes": [3, 3], "counts": "correlated", "n_same": 5, "n_different": 2},
        ufm.SingleSource.correlated(3, n_same=5, n_different=2, **SET),
    ),
    "tail": (  # 100 r^{k/2} for r = 1/4, times r^{l} of two classes
        {"classes": [3, 2], "counts": "long-tailed", "n": 100, "ratio": 0.25},
        ufm.SingleSource([[100, 25], [50, 12], [25, 6]], **SET),
    ),
    "table": ({"counts": "table", "table": [[3, 0], [1, 2]]}, ufm.SingleSource([[3, 0], [1, 2]], **SET)),
    "multi": ({"source": "multi", "classes": [2, 3], "n": 4}, ufm.MultiSource.balanced((2, 3), 4, **SET)),
    "multi tail": (
        {"source": "multi", "classes": [3, 2], "counts": "long-tailed", "n": 8, "ratio": 0.25},
        ufm.MultiSource([[8, 4, 2], [8, 2]], **SET),
    ),
    "multi table": (
        {"source": "multi", "counts": "table", "table": [[1, 2], [3, 4, 5]]},
        ufm.MultiSource([[1, 2], [3, 4, 5]], **SET),
    ),
    "label sets": (
        {"source": "multilabel", "classes": 3, "multiplicity": 2, "n": 5},
        ufm.MultiLabel.balanced(3, {1: 5, 2: 5}, **SET),
    ),
    "label sets' table": (
        {"source": "multilabel", "classes": 3, "counts": "table", "table": {"0,": 5, "0,2": 1, "1": 3}},
        ufm.MultiLabel({(0,): 5, (0, 2): 1, (1,): 3}, classes=3, **SET),
    ),
    "soft table": (
        {"source": "soft", "counts": "table", "table": [[[0.25, 0.75], [0.5, 0.5]]], "n": 3},
        ufm.SoftLabels([np.array([[0.25, 0.75], [0.5, 0.5]])], np.array([3, 3]), **SET),
    ),
    "targets": (
        {"source": "regression", "counts": "table", "table": [[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]], "n": 2},
        ufm.Regression(np.array([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]]), np.array([2, 2, 2]), **SET),
    ),
    "targets of two tasks": (
        {"source": "regression", "counts": "table", "table": [[[1.0], [2.0]], [[0.0, 1.0], [1.0, 1.0]]]},
        ufm.Regression([np.array([[1.0], [2.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])], np.array([1, 1]), **SET),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("stated", "expected"), TABLES.values(), ids=TABLES)
def test_problems(stated: dict[str, Any], expected: Any) -> None:
    problem = made(read_study({"problem": SET | stated}).parameters(0))
    assert record(problem) == record(expected)


def test_settings() -> None:
    stated = {"loss": ["squared-error", "binary-cross-entropy"], "task_weights": [1, 0.5], "reduction": "mean"}
    problem = made(
        read_study(
            {"problem": {"classes": [2, 3], "n": 4, **SET, "label_smoothing": 0.125, "lambda_b": "none", **stated}}
        ).parameters(0)
    )
    expected = ufm.SingleSource.balanced(
        (2, 3),
        4,
        **SET | {"lambda_b": None},
        loss=("squared-error", "binary-cross-entropy"),
        task_weights=[1.0, 0.5],
        reduction="mean",
        label_smoothing=0.125,
    )
    assert record(problem) == record(expected)


@pytest.mark.parametrize(("given", "expected"), [(0, 0.0), ("none", None), (0.5, 0.5), (None, 0.01)])
def test_biases(given: Any, expected: float | None) -> None:
    problem = {"classes": 3, "lambdas": 0.01} | ({} if given is None else {"lambda_b": given})
    assert made(read_study({"problem": problem}).parameters(0)).lambda_b == expected


@pytest.mark.parametrize("source", ["soft", "regression"])
def test_drawn_targets_are_the_seeds(source: str) -> None:
    stated = {"source": source, "classes": [2, 3], "rows": 6, "lambdas": 0.01, "seed": 3}
    first, again, other = (made(read_study({"problem": stated | more}).parameters(0)) for more in ({}, {}, {"seed": 4}))
    assert record(first) == record(again) != record(other)
    assert first.targets.shape == (6, 5)  # type: ignore[union-attr]
    if source == "soft":
        np.testing.assert_allclose(first.targets[:, :2].sum(axis=1), 1.0)  # type: ignore[union-attr]
