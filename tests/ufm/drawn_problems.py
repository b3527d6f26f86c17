"""Small problems drawn over losses × biases × missing labels × weights × smoothing × reductions, and their kinds."""

from __future__ import annotations

from typing import Any

import numpy as np

import ufm

LOSSES = ("cross-entropy", "binary-cross-entropy", "squared-error")
KINDS = ("single", "missing", "soft", "multilabel", "regression", "multi")


def drawn(seed: int) -> Any:
    """A problem of any kind, its losses mixed where it has several tasks."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(KINDS))
    classes = rng.integers(2, 4, int(rng.integers(1, 4)))
    tasks, samples = len(classes), int(rng.integers(3, 25))
    H, W, b = (10 ** rng.uniform(-2.5, 0, 3)).tolist()
    mean = bool(rng.integers(2))
    if mean:
        H, W = H / samples, W / 3
    settings: dict[str, Any] = {
        "lambda_H": H,
        "lambda_W": W,
        "lambda_b": (b, 0.0, None)[int(rng.integers(3))],
        "reduction": "mean" if mean else "sum",
    }
    if kind == "regression":
        outputs = rng.integers(1, 4, tasks)
        size, shift = 10 ** rng.uniform(-1, 1), rng.normal()
        targets = [size * rng.normal(size=(min(samples, 10), k)) + shift for k in outputs]
        return ufm.Regression(targets, task_weights=rng.uniform(0.3, 3, tasks), **settings)
    settings |= {"loss": [str(rng.choice(LOSSES)) for _ in classes], "label_smoothing": float(rng.choice([0, 0, 0.1]))}
    if kind == "multilabel":
        sets = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)]
        settings["loss"] = settings["loss"][0]
        if settings["loss"] != "cross-entropy":
            sets.append(())
        counts = {labels: int(rng.integers(0, 6)) + (len(labels) == 1) for labels in sets}
        return ufm.MultiLabel(counts, classes=3, **settings)
    settings["task_weights"] = rng.uniform(0.3, 3, tasks)
    if kind == "multi":
        return ufm.MultiSource([rng.integers(0, 6, k) + (np.arange(k) < 2) for k in classes], **settings)
    if kind == "soft":
        tables = [rng.dirichlet(np.ones(k), min(samples, 10)) for k in classes]
        return ufm.SingleSource.from_probabilities(tables, **settings)
    labels = np.stack([rng.integers(0, k, samples) for k in classes], axis=1)
    labels[0], labels[1] = 0, 1  # two classes of each task occur: a free bias has no targets to fit alone
    if kind == "missing" and tasks > 1:
        gone = rng.random(labels.shape) < 0.4
        gone[np.arange(samples), rng.integers(0, tasks, samples)] = False
        gone[:2] = False
        labels[gone] = -1
    return ufm.SingleSource.from_labels(labels, tuple(classes.tolist()), missing=-1, **settings)
