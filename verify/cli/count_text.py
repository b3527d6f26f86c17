"""A table of counts as text, which may name classes in its first line and first column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation
from verify.cli.chosen_columns import chosen_columns
from verify.cli.label_cells import is_missing, is_plain, whole_values
from verify.cli.label_table import Table, read_table
from verify.reading.label_reading import FileRead, shown

Counts = NDArray[np.int64]
_SEPARATOR = re.compile(r"[\s,]+")


@dataclass(frozen=True)
class TextTable:
    """Counts (rows, columns), names of rows and columns, possibly empty, and the corner cell of the table."""

    file: FileRead
    counts: Counts
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    corner: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    """A column's title, possibly empty, and the cells below it."""

    position: int
    name: str
    cells: tuple[str, ...]


def count_rows(given: str) -> list[list[int]]:
    """Parses rows separated by semicolons, entries by blanks or commas."""
    rows = []
    for i, line in enumerate(given.strip().removesuffix(";").split(";"), 1):
        cells = [cell for cell in _SEPARATOR.split(line.strip()) if cell]
        if not cells:
            raise ValueError(f'--counts, row {i} is empty; rows are separated by semicolons, as in "30 10; 10 30"')
        values = list(map(_value, cells))
        if None in values:
            j = values.index(None)
            raise ValueError(_refusal(f"--counts, row {i}: entry {j + 1}", cells[j]))
        rows.append([value for value in values if value is not None])
    return rows


def read_count_text(path: Path, *, delimiter: str | None, header: bool | None, columns: Sequence[str]) -> TextTable:
    """Options as ``read_table``; with ``columns`` those are counts, and the first names rows unless it is among them.

    Raises ValueError naming line and cell of an entry that is not a number of samples, or that may be a name or a
    count.
    """
    table = read_table(path, flag="--counts", delimiter=delimiter, header=False)
    cells = [[column.cells[i] for i in column.codes] for column in table.columns]
    named = _has_titles(table.name, cells) if header is None else header
    if named and table.rows == 1:
        raise ValueError(f"{table.name} has names of classes and no counts below")
    every = [_Column(t, column[0] if named else "", tuple(column[named:])) for t, column in enumerate(cells, 1)]
    kept = chosen_columns(path.name, every, columns)
    first = every[0]
    names = all(column is not first for column in kept) if columns else _names_rows(table.name, every, named)
    counted = [column for column in kept if not names or column is not first]
    return TextTable(
        FileRead(path, table.file.delimiter, named, table.rows - named),
        np.array([_counts(table, column, named) for column in counted], dtype=np.int64).T,
        first.cells if names else (),
        tuple(column.name for column in counted) if named else (),
        first.name if names else "",
        table.warnings,
    )


def _counts(table: Table, column: _Column, named: bool) -> list[int]:
    found = []
    for i, cell in enumerate(column.cells):
        value = _value(cell)
        if value is None:
            raise ValueError(_refusal(f"{table.name}, {table.place(i + named)}: column {column.position}", cell))
        found.append(value)
    return found


def _has_titles(name: str, cells: Sequence[Sequence[str]]) -> bool:
    """Whether the first line names columns."""
    (corner, *others), below = [column[0] for column in cells], cells[0][1:]
    if others and (not corner or _are_names(others)):
        return True
    if len(others) == 1 and _are_names(below):
        return False  # a number is no title of one column of counts
    if others and _is_name(corner) and _are_names(below):
        raise ValueError(
            f"{name}: {shown(corner)} in line 1 may name a class or stand above names of classes; say --header or "
            "--no-header"
        )
    return _is_name(corner)


def _names_rows(name: str, every: Sequence[_Column], named: bool) -> bool:
    """Whether the first column names rows."""
    first, others = every[0], every[1:]
    if others and (_are_names(first.cells) or (named and not first.name)):
        return True
    if not (named and others) or len(first.cells) == 1:
        return False
    if not any(_is_name(column.name) for column in others):
        return True  # a name above numbers, beside numbers: a\b
    if len(set(first.cells)) == len(first.cells):
        raise ValueError(
            f"{name}: column {shown(first.name)} may name classes or count samples; leave its title empty if it names "
            "them, or name the columns of counts with --columns"
        )
    return False


def _is_name(cell: str) -> bool:
    return bool(cell) and not is_plain(cell)


def _are_names(cells: Sequence[str]) -> bool:
    return any(map(_is_name, cells)) or all(cell.casefold() in ("true", "false") for cell in cells)


def _value(cell: str) -> int | None:
    found = None if is_missing(cell) else whole_values([cell])
    return found[0] if found is not None and 0 <= found[0] <= validation.MAX_SAMPLES else None


def _refusal(where: str, cell: str) -> str:
    why = f"holds {shown(cell)}" if cell else "is empty"
    return f"{where} {why}; a number of samples is an integer from 0 to 2^53"
