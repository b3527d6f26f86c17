"""Single-source data whose images already have a label tuple: they are selected, not composed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ufm.support.validation import check_columns
from ufm_networks.datasets.compose.finish import Normalization, finish
from ufm_networks.datasets.draw import draw, generator, pools_of
from ufm_networks.datasets.images import SelectedImages
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.supply import Request, Supply, choose_counts, joint_tail
from ufm_networks.datasets.task_data import TaskData


def choose_images(
    name: str,
    source: Source,
    labels: NDArray[np.int64],
    classes: tuple[int, ...],
    request: Request,
    seed: int,
    normalization: Normalization,
) -> TaskData:
    """Images with label tuples (N, T), −1 where an image is not used; as many of each tuple as asked for."""
    rng = generator(seed)
    used = np.flatnonzero((labels >= 0).all(axis=1))
    if request.any_label:
        chosen = request.any_of(name, used, rng)
        return finish(name, SelectedImages(source.images, chosen), labels[chosen], classes, "single", normalization)
    check_columns(f"{name}: classes {classes}", math.prod(classes), "do not ask for counts of every one of them")
    code = np.full(len(labels), -1, dtype=np.int64)
    code[used] = np.ravel_multi_index(tuple(labels[used].T), classes)
    pools = pools_of(code, math.prod(classes))
    supply = Supply(
        pools=np.array([len(pool) for pool in pools], dtype=np.int64),
        usage=np.ravel,
        names=lambda cell: f"{name}: label {tuple(int(k) for k in np.unravel_index(cell, classes))}",
    )
    proportions = np.ones(classes) if request.long_tailed is None else joint_tail(request.long_tailed, classes)
    counts = choose_counts(request, supply, proportions).reshape(-1)
    chosen = np.concatenate([draw(pool, n, rng) for pool, n in zip(pools, counts.tolist(), strict=True)])
    chosen = rng.permutation(chosen)
    return finish(name, SelectedImages(source.images, chosen), labels[chosen], classes, "single", normalization)
