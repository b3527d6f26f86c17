"""Real-valued target rows as columns of a problem: equal rows are one, in the order in which they first occur."""

from __future__ import annotations

from collections.abc import Sequence
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ufm.support import validation

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def table_or_blocks(name: str, value: Any) -> list[Float]:
    """[(N, K)] from one array or from rows as lists of numbers; T arrays (N, K_t) from a list of arrays."""
    listed = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    if listed and len(value) and all(_is_array(block) or _depth(block) == 2 for block in value):
        return target_blocks(name, value)
    return [validation.real_rows(name, value)]


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, Tensor)) and value.ndim > 0


def _depth(value: Any) -> int:
    """Lists within lists, by their first entries."""
    if isinstance(value, (np.ndarray, Tensor)):
        return int(value.ndim)
    return 1 + _depth(value[0]) if isinstance(value, (list, tuple)) and value else 0


def target_blocks(name: str, value: Any) -> list[Float]:
    """T arrays (N, K_t) of finite numbers, from a list with one array per task; a vector (N,) is K_t = 1."""
    if not validation.is_list(value):
        shown = "an empty list" if isinstance(value, (list, tuple)) else type(value).__name__
        raise TypeError(f"{name} must be a list of T arrays (N, K_t), one per task, got {shown}")
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
            f"{name}[{row}, {column}] = {block[row, column]:g} is not a probability in [0, 1]; "
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
    """The distinct rows and their sample counts."""
    rows, numbers = targets[counts > 0], counts[counts > 0]
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    totals = np.zeros(len(first), dtype=np.int64)
    np.add.at(totals, inverse.reshape(-1), numbers)
    return rows[first[order]], totals[order]


def column_of_rows(distinct: Float, targets: Float, name: str) -> Int:
    """(N,) the column whose target equals each row; raises ValueError naming a row that is not in the problem."""
    both = np.concatenate([distinct, targets])
    inverse = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
    place = np.full(inverse.max() + 1, -1, dtype=np.int64)
    place[inverse[: len(distinct)]] = np.arange(len(distinct))
    columns = place[inverse[len(distinct) :]]
    if (columns < 0).any():
        row = int(np.argmin(columns))
        raise ValueError(f"{name}[{row}] = {short(targets[row].tolist())} is not a target of the problem")
    return columns
