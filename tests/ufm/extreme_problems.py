"""Small problems whose targets, λ's, weights and counts are many orders of magnitude apart."""

from __future__ import annotations

from typing import Any

import numpy as np

import ufm

LOSSES = ("cross-entropy", "binary-cross-entropy", "squared-error")
KINDS = ("single", "multi", "multilabel", "soft", "regression", "regression", "missing")


def extreme(seed: int, kind: str | None = None) -> Any:
    """λ's in [1e-12, 1e3], task weights in [1e-12, 1e12], counts to 1e6, targets in [1e-30, 1e30]."""
    rng = np.random.default_rng(seed)
    kind = kind or str(rng.choice(KINDS))
    classes = [int(k) for k in rng.integers(2, 4, int(rng.integers(1, 4)))]
    H, W, b = (10 ** rng.uniform(-12, 3, 3)).tolist()
    weights = 10 ** rng.uniform(-12, 12, len(classes)) if rng.random() < 0.4 else rng.uniform(0.3, 3, len(classes))
    largest = 10 ** rng.uniform(0, 6) if rng.random() < 0.5 else 10.0
    settings: dict[str, Any] = {
        "lambda_H": H,
        "lambda_W": W,
        "lambda_b": (b, 0.0, None)[int(rng.integers(3))],
        "reduction": str(rng.choice(["sum", "mean"])),
    }

    def counts(shape: Any) -> np.ndarray:
        return np.maximum(1, largest ** rng.uniform(0, 1, shape)).astype(int)

    if kind == "regression":
        samples, reach = int(rng.integers(3, 9)), 30 if rng.random() < 0.5 else 8
        size = 10 ** rng.uniform(-reach, reach)
        targets = [size * rng.normal(size=(samples, k)) for k in classes]
        return ufm.Regression(targets, counts(samples), task_weights=weights, **settings)
    settings["loss"] = [str(rng.choice(LOSSES)) for _ in classes]
    settings["label_smoothing"] = float(rng.choice([0, 0, 0.1]))
    if kind == "multilabel":
        settings["loss"] = settings["loss"][0]
        sets = [(0,), (1,), (2,), (0, 1), (1, 2)]
        return ufm.MultiLabel({labels: int(counts(())) for labels in sets}, classes=3, **settings)
    settings["task_weights"] = weights
    if kind == "multi":
        return ufm.MultiSource([counts(k) for k in classes], **settings)
    if kind == "soft":
        samples = int(rng.integers(3, 9))
        tables = [rng.dirichlet(np.ones(k), samples) for k in classes]
        return ufm.SingleSource.from_probabilities(tables, counts=counts(samples), **settings)
    if kind == "single":
        return ufm.SingleSource(counts(tuple(classes)), **settings)
    labels = np.stack([rng.integers(0, k, 8) for k in classes], axis=1)
    labels[0], labels[1] = 0, 1
    if len(classes) > 1:
        gone = rng.random(labels.shape) < 0.4
        gone[np.arange(8), rng.integers(0, len(classes), 8)] = False
        gone[:2] = False
        labels[gone] = -1
    return ufm.SingleSource.from_labels(labels, tuple(classes), missing=-1, **settings)
