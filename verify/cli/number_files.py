"""Files of numbers: one row per sample, one column per output (or class probability)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm.support.memory import require_memory
from ufm.support.numpy_files import mapped_array
from verify.cli.chosen_columns import chosen_columns
from verify.cli.label_arrays import Column
from verify.cli.label_cells import is_missing, real_value
from verify.cli.label_table import Table, read_table
from verify.cli.label_text import require_file
from verify.cli.label_warnings import looks_like_an_index
from verify.reading.label_reading import FileRead, NamedOutputs, shown

Float = NDArray[np.float64]


@dataclass(frozen=True)
class NumberColumn:
    """Finite numbers, one per sample; ``position`` counts from 1."""

    position: int
    name: str
    values: Float

    @property
    def title(self) -> str:
        """Its name, or its position."""
        return self.name or f"column {self.position}"


@dataclass(frozen=True)
class Numbers:
    """The columns of a file, with warnings about them."""

    file: FileRead
    columns: tuple[NumberColumn, ...]
    warnings: tuple[str, ...]

    def array(self) -> Float:
        """(N, columns)."""
        return np.stack([column.values for column in self.columns], axis=1)


def read_numbers(
    path: Path,
    flag: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] = (),
) -> Numbers:
    """As ``read_table``; raises ValueError naming file, line and cell of what is no finite number."""
    if path.suffix == ".npy" and delimiter is None and header is None:
        return _read_array(path, flag, columns)
    table = read_table(path, flag=flag, delimiter=delimiter, header=header, columns=columns)
    read = tuple(NumberColumn(c.position, c.name, _values(table, c)) for c in table.columns)
    warnings = [
        f"{shown(c.name)} looks like an index; leave it out with --columns unless it is a target"
        for c in read
        if looks_like_an_index(c.name, c.values)
    ]
    return Numbers(table.file, read, (*table.warnings, *warnings))


def named_outputs(name: str, columns: Sequence[NumberColumn]) -> NamedOutputs:
    """A task with these columns as outputs."""
    ranges = tuple((float(column.values.min()), float(column.values.max())) for column in columns)
    return NamedOutputs(name, tuple(column.title for column in columns), ranges)


def split_outputs(sizes: Sequence[int], columns: Sequence[NumberColumn]) -> list[tuple[NumberColumn, ...]]:
    """The columns of each task, side by side."""
    ends = np.cumsum([0, *sizes]).tolist()
    return [tuple(columns[start:end]) for start, end in pairwise(ends)]


def _values(table: Table, column: Column) -> Float:
    numbers = [real_value(cell) for cell in column.cells]
    bad = np.isin(column.codes, [i for i, number in enumerate(numbers) if not np.isfinite(number)])
    if bad.any():
        row = int(np.argmax(bad))
        cell = column.cells[column.codes[row]]
        missing = is_missing(cell) and "inf" not in cell.casefold()
        why = f"holds {shown(cell)}, {'a missing value' if missing else 'no finite number'}"
        others = int(np.count_nonzero(bad)) - 1
        raise ValueError(
            f"{table.name}, {table.place(row)}: column {column.position} {why if cell else 'is empty'}"
            + f" (and {others:,} more rows)" * (others > 0)
            + "; every cell must be a number: remove such rows, or leave the column out with --columns"
        )
    return np.array(numbers, dtype=np.float64)[column.codes]


def _read_array(path: Path, flag: str, chosen: Sequence[str]) -> Numbers:
    require_file(path, flag)
    name = f"{flag}: {path.name}"
    array = mapped_array(path, name, "numbers")
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"{name} must hold an array (N, K), got {array.shape}")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got dtype {array.dtype}")
    matrix = array.reshape(len(array), -1)
    require_memory(16 * matrix.size, "cpu", f"targets of shape {matrix.shape}", "choose fewer rows")
    columns = [NumberColumn(t + 1, "", matrix[:, t]) for t in range(matrix.shape[1])]
    read = tuple(
        NumberColumn(c.position, "", c.values.astype(np.float64)) for c in chosen_columns(path.name, columns, chosen)
    )
    for column in read:
        if not np.isfinite(column.values).all():
            row = int(np.argmin(np.isfinite(column.values)))
            raise ValueError(
                f"{name}, sample {row + 1}: column {column.position} holds {column.values[row]}; every entry must be "
                "finite: remove such rows, or leave the column out with --columns"
            )
    return Numbers(FileRead(path, "npy", False, len(matrix)), read, ())
