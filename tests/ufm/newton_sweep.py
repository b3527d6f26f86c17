"""Problems drawn over the range that Newton is built for, for a sampled test and for ``benchmarks/bench_sweep.py``."""

from __future__ import annotations

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
