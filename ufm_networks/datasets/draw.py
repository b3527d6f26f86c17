"""Reproducible drawing of images from pools."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation
from ufm.support.memory import require_memory


def generator(seed: Any) -> np.random.Generator:
    """The generator of a composition; raises ValueError or TypeError unless the seed is an integer ≥ 0."""
    return np.random.default_rng(validation.whole_number("seed", seed, 0))


def draw(pool: NDArray[np.int64], number: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``number`` images of a pool: all of them once in random order before any of them a second time."""
    require_memory(2 * 8 * number, "cpu", f"{number:,} images drawn", "ask for fewer")
    rounds = [rng.permutation(pool) for _ in range(-(-number // max(1, len(pool))))]
    return np.concatenate([*rounds, pool[:0]])[:number]


def pools_of(labels: NDArray[np.int64], classes: int) -> list[NDArray[np.int64]]:
    """The samples of each class 0 … classes − 1; other labels are left out."""
    order = np.argsort(labels, kind="stable")
    edges = np.searchsorted(labels[order], np.arange(classes + 1))
    return [order[start:end].astype(np.int64) for start, end in pairwise(edges.tolist())]
