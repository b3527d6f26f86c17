"""Problems drawn over the range that Newton is built for, for a sampled test and for ``benchmarks/bench_sweep.py``."""

from __future__ import annotations

from typing import Any

import numpy as np

import ufm


def draw(seed: int) -> ufm.SingleSource | ufm.MultiSource | ufm.MultiLabel:
    """λ's 1e-8 … 1, counts to 1e6, task weights 1e-3 … 1e3, each log-uniform; hard, smoothed or label-set targets."""
    rng = np.random.default_rng(seed)
    lambdas = dict(zip(("lambda_H", "lambda_W", "lambda_b"), (10.0 ** rng.uniform(-8, 0, 3)).tolist(), strict=True))
    if rng.random() < 0.3:
        lambdas = dict.fromkeys(lambdas, lambdas["lambda_H"])
    kind, decades = rng.choice(["sets", "smoothed", "hard", "multi-source"]), rng.uniform(0, 6)
    reduction = str(rng.choice(["sum", "sum", "sum", "mean"]))

    def counts(*shape: int) -> np.ndarray:
        return np.maximum(1, 10.0 ** rng.uniform(0, decades, shape)).astype(int)

    if kind == "sets":
        classes = int(rng.integers(3, 8))
        drawn = [rng.choice(classes, rng.integers(1, classes + 1), replace=False) for _ in range(rng.integers(2, 20))]
        sets = {tuple(sorted(labels.tolist())): int(counts(1)[0]) for labels in drawn}
        return ufm.MultiLabel(sets, classes=classes, reduction=reduction, **lambdas)
    shape = [int(k) for k in rng.integers(2, 6, rng.integers(1, 4))]
    weights = 10.0 ** rng.uniform(-3, 3, len(shape))
    smoothing = 0.0 if kind == "hard" else float(rng.choice([0.01, 0.1, 0.3]))
    options = {"task_weights": weights, "label_smoothing": smoothing, "reduction": reduction, **lambdas}
    if kind == "multi-source":
        return ufm.MultiSource([counts(k) for k in shape], **options)
    table = counts(*shape) * (rng.random(shape) < rng.choice([0.5, 1.0]))
    table.flat[0] += 1
    return ufm.SingleSource(table, **options)


LOSSES = ("cross-entropy", "binary-cross-entropy", "squared-error")


def draw_any_loss(seed: int) -> Any:
    """λ's 1e-6 … 1, weights 1e-3 … 1e3, targets 1e-2 … 1e2; every loss, bias and kind of target, missing labels."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(["single", "missing", "missing", "soft", "multilabel", "regression", "multi"]))
    classes = rng.integers(2, 5, int(rng.integers(2 if kind == "missing" else 1, 4)))
    samples = int(10 ** rng.uniform(0.7, 2.3)) + 2
    H, W, b = (10.0 ** rng.uniform(-6, 0, 3)).tolist()
    options: dict[str, Any] = {"lambda_H": H, "lambda_W": W, "lambda_b": (b, 0.0, None)[int(rng.integers(3))]}
    options["reduction"] = "mean" if rng.random() < 0.25 else "sum"
    weights = 10.0 ** rng.uniform(-3, 3, len(classes))
    if kind == "regression":
        size, shift = 10.0 ** rng.uniform(-2, 2), rng.normal()
        targets = [size * rng.normal(size=(min(samples, 60), k)) + shift for k in rng.integers(1, 4, len(classes))]
        return ufm.Regression(targets, task_weights=weights, **options)
    mixed, loss = rng.random() < 0.5, str(rng.choice(LOSSES))
    options["label_smoothing"] = float(rng.choice([0.0, 0.0, 0.01, 0.1, 0.3]))
    if kind == "multilabel":
        sets = {(0,): 3}
        for _ in range(8):
            labels = tuple(np.flatnonzero(rng.random(4) < 0.5).tolist())
            if labels or loss != "cross-entropy":
                sets[labels] = int(10 ** rng.uniform(0, 3))
        return ufm.MultiLabel(sets, classes=4, loss=loss, **options)
    options |= {"task_weights": weights, "loss": [str(rng.choice(LOSSES)) if mixed else loss for _ in classes]}
    if kind == "multi":
        return ufm.MultiSource([(10 ** rng.uniform(0, 3, k)).astype(int) for k in classes], **options)
    if kind == "soft":
        tables = [rng.dirichlet(np.full(k, 0.3), min(samples, 15)) for k in classes]
        return ufm.SingleSource.from_probabilities(tables, **options)
    labels = np.stack([rng.choice(k, samples, p=rng.dirichlet(np.ones(k))) for k in classes], 1)
    labels[0], labels[1] = 0, 1
    if kind == "missing":
        gone = rng.random(labels.shape) < 0.35
        gone[np.arange(samples), rng.integers(0, len(classes), samples)] = False
        gone[:2] = False
        labels[gone] = -1
    return ufm.SingleSource.from_labels(labels, tuple(classes.tolist()), missing=-1, **options)
