"""Labels in NumPy's .npy, without pickle, and the columns that every label file is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support.memory import require_memory
from verify.cli.label_cells import one_spelling


@dataclass(frozen=True)
class Column:
    """Its distinct cells, and which of them stands in each row; ``position`` counts from 1."""

    position: int
    name: str
    cells: tuple[str, ...]
    codes: NDArray[np.int64]


def column_of(position: int, cells: Sequence[str], codes: NDArray[Any]) -> Column:
    """Cells that are written alike are one."""
    place = {cell: i for i, cell in enumerate(dict.fromkeys(cells))}
    merged = np.array([place[cell] for cell in cells], dtype=np.int64)
    return Column(position, "", tuple(place), merged[codes])


def read_array(path: Path, name: str) -> tuple[Column, ...]:
    """Columns of an array (N, T) or (N,) of integers, whole decimals, Booleans or names; ValueError for others."""
    try:
        # mapped: a header that promises more than the file holds is refused, not allocated
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{name} is not a whole .npy array of integers ({error})") from error
    if not isinstance(array, np.ndarray) or array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"{name} must hold an array (N, T), got {np.shape(array)}")
    if array.dtype.kind not in "biufU":
        raise ValueError(f"{name} must hold integers or names, got dtype {array.dtype}")
    matrix = array.reshape(len(array), -1)
    require_memory(24 * matrix.size, "cpu", f"labels of shape {matrix.shape}", "choose fewer rows")
    return tuple(_array_column(name, t, matrix[:, t]) for t in range(matrix.shape[1]))


def _array_column(name: str, t: int, values: NDArray[Any]) -> Column:
    distinct, codes = np.unique(values, return_inverse=True)
    if distinct.dtype.kind == "f":
        finite = distinct[np.isfinite(distinct)]
        if np.any(finite != np.floor(finite)) or np.any(np.abs(finite) > 2.0 ** (np.finfo(distinct.dtype).nmant + 1)):
            raise ValueError(f"{name}, column {t + 1} must hold integers, got {finite.tolist()[-1]:g}")
        cells = [str(int(x)) if np.isfinite(x) else str(x) for x in distinct]
    else:
        cells = [one_spelling(str(x)) for x in distinct]
    return column_of(t + 1, cells, codes.reshape(-1))
