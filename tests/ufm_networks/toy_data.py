"""A few small images that two tasks tell apart, and runs on them that take a fraction of a second an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.task_data import TaskData

SMALL: dict[str, Any] = {"width": 4}


def toy(kind: str = "single", samples: int = 60, seed: int = 0) -> TaskData:
    """8 × 8 images in which every label has a pattern of its own below noise."""
    rng = np.random.default_rng(seed)
    if kind == "single":
        classes: tuple[int, ...] = (3, 2)
        labels = np.stack(np.unravel_index(np.arange(samples) % 6, classes), axis=1).astype(np.int64)
    elif kind == "multi":
        classes = (3, 2)
        task = (np.arange(samples) % 3 == 0).astype(int)  # two thirds of the samples are of the first task
        labels = np.full((samples, 2), -1, dtype=np.int64)
        labels[np.arange(samples), task] = rng.permutation(samples) % np.array(classes)[task]
    else:
        classes = (3,)
        sets = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]])
        labels = sets[np.arange(samples) % 5].astype(np.int64)
    _, index = np.unique(labels, axis=0, return_inverse=True)
    patterns = np.random.default_rng(99).integers(0, 256, (int(index.max()) + 1, 1, 8, 8))
    images = 0.6 * patterns[index.reshape(-1)] + 0.4 * rng.integers(0, 256, (samples, 1, 8, 8))
    return TaskData(f"toy {kind}", ArrayImages(images.astype(np.uint8)), labels, classes, kind, (0.5,), (0.25,))


def tables(model: dict[str, Any] | None = None, **train: Any) -> dict[str, Any]:
    """A configuration of three epochs on the CPU, with changes."""
    return {"model": SMALL | (model or {}), "train": {"epochs": 3, "batch_size": 16, "device": "cpu", **train}}
