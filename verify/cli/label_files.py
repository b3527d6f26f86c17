"""Label files: CSV, one row a sample and one column a task (or a class, of 0 and 1), or NumPy's without pickle."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm.problems.label_sets import indicator_array

Column = NDArray[np.int64] | NDArray[np.str_]


def read_labels(path: Path) -> NDArray[np.int64]:
    """(N, T) labels from 0.

    A CSV column of integers ≥ 0 is taken as it stands; one of anything else (names, −1 and 1) has its distinct
    values numbered in sorted order. A first row is a header if it holds text over a column of integers.
    Raises ValueError naming file and line.
    """
    return np.stack([_number_classes(column) for column in _columns(path)], axis=1)


def read_indicators(path: Path) -> NDArray[np.int64]:
    """(N, K) of 0 and 1: a sample's row has a 1 at each of its labels. ValueError naming the file for anything else."""
    columns = _columns(path)
    for number, column in enumerate(columns, start=1):
        outside = np.flatnonzero((column != 0) & (column != 1) if column.dtype.kind == "i" else np.ones(len(column)))
        if len(outside):
            raise ValueError(
                f"--labels: {path.name}, column {number}, sample {outside[0] + 1}: {column[outside[0]]}; "
                "with --multi-label every column is a class and holds 0 and 1"
            )
    return indicator_array(path.name, np.stack(columns, axis=1))


def _columns(path: Path) -> list[Column]:
    if not path.is_file():
        raise FileNotFoundError(f"--labels: there is no file {path}")
    if path.suffix == ".npy":
        return _read_npy(path)
    if path.suffix in (".csv", ".tsv", ".txt"):
        return _read_csv(path)
    raise ValueError(f"--labels: {path.name} is neither .csv nor .npy")


def _read_npy(path: Path) -> list[Column]:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"--labels: {path.name} is not a whole .npy array of integers ({error})") from error
    if not isinstance(array, np.ndarray) or array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"--labels: {path.name} must hold an array (N, T), got {np.shape(array)}")
    if array.dtype != bool and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"--labels: {path.name} must hold integers, got dtype {array.dtype}")
    return list(array.reshape(len(array), -1).astype(np.int64).T)


def _read_csv(path: Path) -> list[Column]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"--labels: {path.name} is not UTF-8 text ({error})") from error
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), start=1)
        if row
    ]
    if not rows:
        raise ValueError(f"--labels: {path.name} is empty")
    width = len(rows[0][1])
    for number, row in rows:
        if len(row) != width:
            raise ValueError(f"--labels: {path.name}, line {number}: {len(row)} columns where the first has {width}")
        if "" in row:
            raise ValueError(f"--labels: {path.name}, line {number}: column {row.index('') + 1} is empty")
    body = rows[1:] if _has_header([row for _, row in rows]) else rows
    return [_column(column) for column in zip(*(row for _, row in body), strict=True)]


def _has_header(rows: list[list[str]]) -> bool:
    if len(rows) < 2:
        return False
    return any(not _is_integer(top) and all(map(_is_integer, rest)) for top, *rest in zip(*rows, strict=True))


def _is_integer(cell: str) -> bool:
    return cell.removeprefix("-").isascii() and cell.removeprefix("-").isdigit()


def _column(cells: tuple[str, ...]) -> Column:
    return np.array([int(cell) for cell in cells]) if all(map(_is_integer, cells)) else np.array(cells)


def _number_classes(column: Column) -> NDArray[np.int64]:
    if np.issubdtype(column.dtype, np.integer) and column.min() >= 0:
        return column.astype(np.int64)
    return np.unique(column, return_inverse=True)[1].astype(np.int64)
