"""M-lab: images of different classes pasted together, the set of their classes the label."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation
from ufm_networks.datasets.compose.finish import Normalization, finish
from ufm_networks.datasets.draw import draw, generator, pools_of
from ufm_networks.datasets.images import PastedImages
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.supply import Request, Supply, choose_counts, tail
from ufm_networks.datasets.task_data import TaskData

Members = tuple[int, ...]


def multi_label(
    source: Source,
    counts: Mapping[Any, int],
    *,
    classes: int | None = None,
    long_tailed: float | None = None,
    replacement: bool = False,
    seed: int = 0,
    normalization: Normalization | None = None,
    fit: bool = False,
) -> TaskData:
    """Samples with sets of labels: a set S is |S| images, one of each class in S, in random cells of a canvas.

    counts       {multiplicity: samples of EVERY set of that size}, balanced within each multiplicity; or
                 {(k_1, …, k_m): samples of that set}
    classes      K, the first K classes of the source; all of them by default
    long_tailed  imbalance ratio ρ: sets of one multiplicity have counts · ρ^(mean of k/(K−1) over the set) samples
    fit          counts are only proportions, of which as many samples are made as the images allow, at most counts

    The canvas has the smallest square number of cells that holds the largest set, at least 2 × 2; cells without an
    image are zero (Li et al. 2024, whose images are padded and pasted together likewise). Unless replacement=True
    every image is used once in the whole set. Labels are (N, K) indicators.

    Raises ValueError for sets outside the classes, or too few images.
    """
    labels = source.class_labels("multi_label")
    k = source.classes if classes is None else validation.whole_number("classes", classes, 2)
    if k > source.classes:
        raise ValueError(f"classes={k} is more than the {source.classes} classes of {source.name}")
    wanted = _label_sets(counts, k)
    name = f"mlab-{source.name}-{k}"
    sets = sorted(wanted, key=lambda members: (len(members), members))
    indicators = np.zeros((len(sets), k), dtype=np.int64)
    for row, members in enumerate(sets):
        indicators[row, list(members)] = 1
    numbers = np.array([wanted[members] for members in sets], dtype=np.float64)
    if long_tailed is not None:
        Request(long_tailed=long_tailed)  # for its check
        numbers = np.maximum(1, np.floor(numbers * _set_tail(indicators, long_tailed)))
    pools = pools_of(labels, k)
    supply = Supply(
        pools=np.array([len(pool) for pool in pools], dtype=np.int64),
        usage=lambda n: indicators.T @ n,
        names=lambda c: f"{name}: class {c}",
    )
    whole = numbers.astype(np.int64)
    if fit:
        whole = np.minimum(whole, supply.largest(numbers))
    request = Request(counts=whole, replacement=replacement)
    numbers_of_sets = choose_counts(request, supply, numbers)
    rng = generator(seed)
    pieces, rows, side = _paste(sets, numbers_of_sets, pools, rng)
    order = rng.permutation(len(rows))
    images = PastedImages(source.images, pieces[order], rows=side, columns=side)
    return finish(name, images, indicators[rows[order]], (k,), "multilabel", normalization or Normalization())


def _paste(
    sets: list[Members], numbers: NDArray[np.int64], pools: list[NDArray[np.int64]], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Pieces (N, cells), the set of every sample (N,), and the cells of a side of the canvas."""
    side = max(2, math.isqrt(max(map(len, sets)) - 1) + 1)
    rows = np.repeat(np.arange(len(sets)), numbers)
    needs = [sum(int(n) for members, n in zip(sets, numbers, strict=True) if c in members) for c in range(len(pools))]
    drawn = [draw(pool, need, rng) for pool, need in zip(pools, needs, strict=True)]
    taken = [0] * len(pools)
    pieces = np.full((len(rows), side * side), -1, dtype=np.int64)
    start = 0
    for members, n in zip(sets, numbers.tolist(), strict=True):
        # a row of cells in random order for every sample, of which its images take the first
        cells = np.argsort(rng.random((n, side * side)), axis=1)
        for position, c in enumerate(members):
            samples = np.arange(start, start + n)
            pieces[samples, cells[:, position]] = drawn[c][taken[c] : taken[c] + n]
            taken[c] += n
        start += n
    return pieces, rows, side


def _set_tail(indicators: NDArray[np.int64], ratio: float) -> NDArray[np.float64]:
    """ρ to the mean of k/(K−1) over the set: the geometric mean of its classes' tails."""
    logarithms = indicators.astype(np.float64) @ np.log(tail(ratio, indicators.shape[1]))
    return np.asarray(np.exp(logarithms / indicators.sum(axis=1)), dtype=np.float64)


def _label_sets(counts: Any, k: int) -> dict[Members, int]:
    """Samples of every set of labels."""
    if not isinstance(counts, Mapping) or not counts:
        raise TypeError(f"counts must map multiplicities or sets of labels to numbers of samples, got {counts!r}")
    wanted: dict[Members, int] = {}
    for key, value in counts.items():
        number = validation.whole_number(f"counts[{key!r}]", value, 0)
        if isinstance(key, tuple):
            members = tuple(sorted(validation.whole_number(f"counts key {key}", c, 0, k - 1) for c in key))
            if not members or len(set(members)) != len(members):
                raise ValueError(f"counts key {key} must be different classes, at least one")
            sets = [members]
        else:
            size = validation.whole_number("multiplicity in counts", key, 1, k)
            validation.check_columns(f"multiplicity {size} of {k} classes", math.comb(k, size), "give sets of labels")
            sets = list(itertools.combinations(range(k), size))
        for members in sets:
            if members in wanted:
                raise ValueError(f"counts gives the set {members} twice")
            wanted[members] = number
    wanted = {members: number for members, number in wanted.items() if number}
    if not wanted:
        raise ValueError("counts are all 0; at least one set of labels needs a sample")
    return wanted
