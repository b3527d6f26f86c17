"""Label sets S ⊆ {0, …, K − 1} as checked indicator rows, in one order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation

Int = NDArray[np.int64]


def indicator_array(name: str, value: Any, classes: int | None = None) -> Int:
    """Indicators (n, K) of 0 and 1; Booleans and integral floats are accepted."""
    array = validation.full_array(name, value)
    shape = array.shape
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"{name} must have shape (N, K), one row of 0s and 1s per sample, got {shape}")
    if classes is not None and shape[1] != classes:
        raise ValueError(f"{name} must have {classes} columns of 0s and 1s, one per class, got shape {shape}")
    rows = validation.whole_array(name, array.astype(np.int64) if array.dtype == bool else value)
    outside = (rows != 0) & (rows != 1)
    if outside.any():
        row, column = np.argwhere(outside)[0].tolist()
        raise ValueError(f"{name}[{row}, {column}] = {rows[row, column]}; indicators are 0 and 1")
    return rows


def require_members(indicators: Int, counts: Int) -> None:
    """Raises ValueError if a sample has the empty set, which has no loss under pick-all-label."""
    empty = ~indicators.any(axis=1) & (counts > 0)
    if empty.any():
        row = int(np.argmax(empty))
        raise ValueError(
            f"label set {row} names no class; pick-all-label gives such a sample no loss, so leave it out, or take "
            "loss='binary-cross-entropy' or 'squared-error'"
        )


def members(name: str, value: Any, classes: int) -> tuple[int, ...]:
    """A label set in ascending order, from a tuple of distinct integers 0 … K − 1; () is the empty set."""
    if not isinstance(value, tuple):
        hint = f"; one label is ({value!r},)" if isinstance(value, (int, np.integer)) else ""
        raise TypeError(f"{name} must be a tuple of distinct labels, such as (0, 2), got {value!r}{hint}")
    whole = tuple(validation.whole_number(f"{name}, entry {i},", k, 0) for i, k in enumerate(value))
    if max(whole, default=0) >= classes:
        raise ValueError(f"{name} has a label outside 0 … {classes - 1}; labels count from 0, classes={classes}")
    if len(set(whole)) != len(whole):
        raise ValueError(f"{name} names a label twice; a label set has distinct labels")
    return tuple(sorted(whole))


def counted(counts: Any, classes: int) -> tuple[Int, Int]:
    """Indicators (n, K) and counts (n,) of a mapping from label sets to numbers of samples ≥ 0, not all 0."""
    if not isinstance(counts, Mapping):
        raise TypeError(f"counts must be a mapping from label sets to samples, such as {{(0, 2): 5}}, got {counts!r}")
    if not counts:
        raise ValueError("counts is empty; it needs one number of samples per label set, such as {(0, 2): 5}")
    samples: dict[tuple[int, ...], int] = {}
    for key, value in counts.items():
        label_set = members(f"counts: label set {key!r}", key, classes)
        if label_set in samples:
            raise ValueError(f"counts has the label set {label_set} twice, in two orders; add their samples up")
        samples[label_set] = validation.whole_number(f"counts[{key!r}]", value, 0)
    indicators = np.zeros((len(samples), classes), dtype=np.int64)
    for row, label_set in zip(indicators, samples, strict=True):
        row[list(label_set)] = 1
    return indicators, validation.count_array("counts", list(samples.values()))


def samples_by_size(name: str, value: Any, classes: int) -> dict[int, int]:
    """{m: n_m} with 0 ≤ m ≤ K and integers n_m > 0, from a mapping whose n_m may be 0."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must map multiplicities to samples, such as {{1: 10, 2: 5}}, got {value!r}")
    sizes = [validation.whole_number(f"{name}: multiplicity", m, 0, classes) for m in value]
    samples = [validation.whole_number(f"{name}[{m!r}]", n, 0) for m, n in value.items()]
    if not any(samples):
        raise ValueError(f"{name} has no samples, got {value!r}; a problem needs at least one")
    return {m: n for m, n in zip(sizes, samples, strict=True) if n}


def subsets(classes: int, size: int) -> Int:
    """Indicators (C(K, m), K) of all label sets of one size."""
    sets = np.fromiter(itertools.chain.from_iterable(itertools.combinations(range(classes), size)), dtype=np.int64)
    indicators = np.zeros((math.comb(classes, size), classes), dtype=np.int64)
    np.put_along_axis(indicators, sets.reshape(len(indicators), size), 1, axis=1)
    return indicators


def distinct(indicators: Int, counts: Int) -> tuple[Int, Int]:
    """The distinct rows and their sample counts, ordered by multiplicity, then lexicographically by members."""
    occurring = counts > 0
    rows, n = indicators[occurring], counts[occurring]
    # eight labels a byte: sorting whole rows of a large data set is quick only where rows are short
    packed, first, inverse = np.unique(
        np.packbits(rows.astype(np.uint8), axis=1), axis=0, return_index=True, return_inverse=True
    )
    totals = np.zeros(len(packed), dtype=np.int64)
    np.add.at(totals, inverse.reshape(-1), n)
    # ascending bits, reversed, is lexicographic in the members of sets of one size
    reverse = np.arange(len(packed))[::-1]
    order = reverse[np.argsort(rows[first[reverse]].sum(axis=1), kind="stable")]
    return rows[first[order]], totals[order]
