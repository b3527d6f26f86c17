"""Random small problems over losses × biases × sources × missing labels × weights × smoothing × reductions."""

from __future__ import annotations

import numpy as np

from ufm import MultiLabel, MultiSource, Regression, SingleSource

LOSSES = ("cross-entropy", "binary-cross-entropy", "squared-error")
BIASES = ("penalized", "free", "none")
SOURCES = ("single", "missing", "multi", "multilabel", "soft", "regression")


def family_problem(source, bias, seed, loss=None):
    """A problem of the kind; ``loss`` for all tasks, else one drawn for each."""
    rng = np.random.default_rng([SOURCES.index(source), BIASES.index(bias), seed])
    classes = rng.integers(2, 5, rng.integers(1, 4)).tolist()
    lam = 10.0 ** rng.uniform(-2.5, -0.3, 3)
    settings = {
        "lambda_H": lam[0],
        "lambda_W": lam[1],
        "lambda_b": {"penalized": lam[2], "free": 0.0, "none": None}[bias],
        "reduction": str(rng.choice(["sum", "sum", "mean"])),
    }
    if settings["reduction"] == "mean":
        settings |= {"lambda_H": 0.03 * lam[0], "lambda_W": 0.03 * lam[1]}
    if source == "multilabel":
        own = loss or str(rng.choice(LOSSES))
        sets = rng.integers(0, 2, (7, classes[0]))
        sets[:2, 0] = 1, 0
        sets[:, 1] |= sets.sum(axis=1) == 0
        return MultiLabel.from_indicators(np.repeat(sets, rng.integers(1, 9, 7), axis=0), loss=own, **settings)
    settings["task_weights"] = (10.0 ** rng.uniform(-0.5, 0.5, len(classes))).tolist()
    if source == "regression":
        outputs = rng.integers(1, 4, len(classes)).tolist()
        return Regression([rng.normal(1.0, 2.0, (6, k)) for k in outputs], counts=rng.integers(1, 9, 6), **settings)
    settings["loss"] = loss or [str(x) for x in rng.choice(LOSSES, len(classes))]
    settings["label_smoothing"] = float(rng.choice([0.0, 0.1]))
    if source == "soft":
        rows = [rng.dirichlet(np.ones(k), 6) for k in classes]
        return SingleSource.from_probabilities(rows, counts=rng.integers(1, 9, 6), **settings)
    if source == "multi":
        return MultiSource([rng.integers(1, 12, k) for k in classes], **settings)
    if source == "missing":
        labels = np.stack([rng.integers(-1, k, 25) for k in classes], axis=1)
        for t, k in enumerate(classes):
            labels[t * 5 : t * 5 + k, t] = np.arange(k)
        labels = labels[(labels >= 0).any(axis=1)]
        return SingleSource.from_labels(labels, classes=classes, missing=-1, **settings)
    counts = rng.integers(0, 9, classes)
    for t, k in enumerate(classes):  # every class has a sample, or its free bias would be infinite
        for value in range(k):
            place = [int(rng.integers(n)) for n in classes]
            place[t] = value
            counts[tuple(place)] += 1
    return SingleSource(counts, **settings)
