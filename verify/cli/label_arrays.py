"""Labels in NumPy's .npy and .npz files, read without pickle, and the columns of label files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support.memory import require_memory
from ufm.support.numpy_files import ArchivedArray, archived_arrays, mapped_array
from verify.cli.chosen_columns import chosen_columns
from verify.cli.label_cells import one_spelling


@dataclass(frozen=True)
class Column:
    """The distinct cells of a column, and the index of each row's cell among them; ``position`` counts from 1.

    ordered  the cells are categories: classes in this order, those without samples too
    """

    position: int
    name: str
    cells: tuple[str, ...]
    codes: NDArray[np.int64]
    ordered: bool = False


@dataclass(frozen=True)
class Values:
    """A column of an array as it stands there."""

    position: int
    name: str
    values: NDArray[Any]


def column_of(
    position: int, cells: Sequence[str], codes: NDArray[Any], name: str = "", ordered: bool = False
) -> Column:
    """Builds a column; cells with the same text are one."""
    place = {cell: i for i, cell in enumerate(dict.fromkeys(cells))}
    merged = np.array([place[cell] for cell in cells], dtype=np.int64)
    return Column(position, name, tuple(place), merged[codes], ordered)


def read_array(path: Path, name: str, chosen: Sequence[str]) -> tuple[Column, ...]:
    """Columns of an array (N, T) or (N,) of integers, whole decimals, Booleans or names; else raises ValueError."""
    columns = _side_by_side(name, mapped_array(path, name, "integers"))
    return _columns(name, chosen_columns(path.name, columns, chosen))


def read_archive(path: Path, name: str, chosen: Sequence[str]) -> tuple[Column, ...]:
    """Reads one array as ``read_array``; of several, one named column each, or the (N, T) array that is chosen.

    chosen  names of arrays; or, of one array, positions of its columns
    """
    arrays = archived_arrays(path, name)
    named = [key for key in chosen if key in arrays]
    if len(arrays) == 1 and not named:
        (one,) = arrays.values()
        return _columns(name, chosen_columns(path.name, _side_by_side(name, one.whole()), chosen))
    every = [_Archived(t, one_spelling(key), array) for t, (key, array) in enumerate(arrays.items(), 1)]
    kept = chosen_columns(path.name, every, chosen)
    if len(kept) == 1:
        array = kept[0].array
        return _columns(name, _side_by_side(name, array.whole(), "" if len(array.shape) == 2 else kept[0].name))
    lengths = {column.array.shape for column in kept}
    if len(lengths) != 1 or len(kept[0].array.shape) != 1:
        told = ", ".join(f"{column.name} {column.array.shape}" for column in kept[:20])
        raise ValueError(
            f"{name} holds {len(kept)} arrays, {told}; name with --columns the one (N, T), or those (N,) that are tasks"
        )
    return _columns(name, [Values(c.position, c.name, c.array.whole()) for c in kept])


@dataclass(frozen=True)
class _Archived:
    position: int
    name: str
    array: ArchivedArray


def _side_by_side(name: str, array: NDArray[Any], title: str = "") -> list[Values]:
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"{name} must hold an array (N, T), got {array.shape}")
    matrix = array.reshape(len(array), -1)
    return [Values(t + 1, title, matrix[:, t]) for t in range(matrix.shape[1])]


def _columns(name: str, kept: Sequence[Values]) -> tuple[Column, ...]:
    for column in kept:
        if column.values.dtype.kind not in "biufU":
            raise ValueError(f"{name} must hold integers or names, got dtype {column.values.dtype}")
        if not column.values.size:
            raise ValueError(f"{name} must hold an array (N, T), got {column.values.shape}")
    shape = (len(kept[0].values), len(kept))
    require_memory(24 * shape[0] * shape[1], "cpu", f"labels of shape {shape}", "choose fewer rows")
    return tuple(_column(name, column) for column in kept)


def _column(name: str, column: Values) -> Column:
    distinct, codes = np.unique(column.values, return_inverse=True)
    cells = spelled(f"{name}, column {column.position}", distinct)
    return column_of(column.position, cells, codes.reshape(-1), column.name)


def spelled(where: str, distinct: NDArray[Any]) -> list[str]:
    """Distinct values as cells; raises ValueError for decimals that are not whole, or too large to be told apart."""
    if distinct.dtype.kind != "f":
        return [one_spelling(str(x)) for x in distinct]
    finite = distinct[np.isfinite(distinct)]
    wrong = (finite != np.floor(finite)) | (np.abs(finite) > 2.0 ** (np.finfo(distinct.dtype).nmant + 1))
    if wrong.any():
        raise ValueError(f"{where} must hold integers, got {finite[wrong][0]:g}")
    return [str(int(x)) if np.isfinite(x) else str(x) for x in distinct]
