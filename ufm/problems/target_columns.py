"""Real-valued target rows as columns of a problem: equal rows are one, in the order in which they first occur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def target_blocks(name: str, value: Any, *, alone: bool) -> list[Float]:
    """T arrays (N, K_t) of finite numbers, from a list with one array per task, or ``alone`` from one array (N, K)."""
    if alone and not (isinstance(value, Sequence) and all(np.ndim(block) >= 1 for block in value)):
        return [validation.real_rows(name, value)]
    if not validation.is_list(value):
        raise TypeError(f"{name} must be a list of T arrays (N, K_t), one per task, got {type(value).__name__}")
    blocks = [validation.real_rows(f"{name}[{t}]", block) for t, block in enumerate(value)]
    for t, block in enumerate(blocks):
        if len(block) != len(blocks[0]):
            raise ValueError(f"{name}[{t}] has {len(block)} rows, {name}[0] has {len(blocks[0])}; one per sample each")
    return blocks


def check_unit_range(name: str, block: Float) -> None:
    """Probabilities lie in [0, 1], whatever the loss."""
    outside = (block < 0) | (block > 1)
    if outside.any():
        row, column = np.argwhere(outside)[0].tolist()
        raise ValueError(
            f"{name}[{row}, {column}] = {block[row, column]:g} is no probability, which lies in [0, 1]; "
            "ufm.Regression takes any real targets"
        )


def sample_counts(counts: Any, rows: int) -> Int:
    """(N,) samples behind each row."""
    if counts is None:
        return np.ones(rows, dtype=np.int64)
    whole = validation.count_array("counts", counts)
    if whole.shape != (rows,):
        raise ValueError(f"counts must have shape ({rows},), one per row of targets, got {whole.shape}")
    return whole


def distinct_rows(targets: Float, counts: Int) -> tuple[Float, Int]:
    """Rows that occur, each once with its samples."""
    rows, numbers = targets[counts > 0], counts[counts > 0]
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    totals = np.zeros(len(first), dtype=np.int64)
    np.add.at(totals, inverse.reshape(-1), numbers)
    return rows[first[order]], totals[order]


def column_of_rows(distinct: Float, targets: Float, name: str) -> Int:
    """(N,) the column whose target each row is; ValueError naming a row that the problem has not."""
    both = np.concatenate([distinct, targets])
    inverse = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
    place = np.full(inverse.max() + 1, -1, dtype=np.int64)
    place[inverse[: len(distinct)]] = np.arange(len(distinct))
    columns = place[inverse[len(distinct) :]]
    if (columns < 0).any():
        row = int(np.argmin(columns))
        raise ValueError(f"{name}[{row}] = {targets[row].tolist()} is no target of the problem")
    return columns
