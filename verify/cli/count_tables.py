"""Numbers of samples as a table: a vector for one task, K_1 × K_2 for two, an array of T axes for T tasks."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ufm.support import validation
from ufm.support.memory import require_memory
from ufm.support.numpy_files import mapped_array
from verify.cli.count_text import Counts, TextTable, count_rows, read_count_text
from verify.cli.file_options import TEXT, is_file
from verify.cli.label_text import require_file
from verify.cli.label_warnings import class_warnings
from verify.reading.label_reading import FileRead, LabelReading, NamedTask, listed, shown

GIVEN = Path("--counts")


@dataclass(frozen=True)
class CountTable:
    """Counts (K_1, …, K_T), or T vectors (K_t,) for Problem (4), with a record of what was read."""

    counts: Counts | list[Counts]
    reading: LabelReading


def read_counts(given: str, **options: Any) -> CountTable:
    """Reads counts from a file, or from rows separated by semicolons.

    options  delimiter, header, columns: see ``read_count_text``
    Raises ValueError naming the place of an entry that is not a number of samples.
    """
    path = Path(given) if is_file(given) else GIVEN
    told = options["delimiter"] is not None or options["header"] is not None or bool(options["columns"])
    if told and (path is GIVEN or path.suffix == ".npy"):
        raise ValueError(f"--counts {given} is not a text file; --delimiter, --header and --columns apply to text only")
    if path is GIVEN:
        rows = count_rows(given)
        for i, row in enumerate(rows, 1):
            if len(row) != len(rows[0]):
                raise ValueError(
                    f"--counts, row {i} has {len(row)} entries and row 1 has {len(rows[0])}; rows are of equal length, "
                    "but with --multi-source, where each is a task"
                )
        file = FileRead(GIVEN, "flag", False, len(rows))
        return _of_table(TextTable(file, np.array(rows, dtype=np.int64), (), (), "", ()))
    require_file(path, "--counts")
    if path.suffix == ".npy":
        return _of_array(path)
    if path.suffix not in TEXT:
        raise ValueError(f"--counts: {path.name} is neither .csv nor .npy (nor .tsv, .txt)")
    return _of_table(read_count_text(path, **options))


def read_own_counts(given: str) -> CountTable:
    """Reads counts for Problem (4): one row per task, of any length."""
    if is_file(given):
        raise ValueError('--multi-source takes --counts as text, a row a task, such as "30 10; 5 5 5", and no file')
    rows = count_rows(given)
    for t, row in enumerate(rows, 1):
        if len(row) < 2 or not any(row):
            raise ValueError(f"--counts, row {t}: {row}; a task has two classes or more, and a sample")
    tasks = [NamedTask(f"row {t}", _numbered(len(row)), tuple(row)) for t, row in enumerate(rows, 1)]
    vectors = [np.array(row, dtype=np.int64) for row in rows]
    return CountTable(vectors, _reading(FileRead(GIVEN, "flag", False, len(rows)), tasks))


def _of_table(table: TextTable) -> CountTable:
    """A vector of one row or one column; else two tasks, named in the corner cell as first, or first\\second."""
    file, counts, name = table.file, table.counts, table.file.path.stem
    if counts.shape[1] == 1:
        return _of_axes(file, counts[:, 0], [table.corner or name], [table.rows], table.warnings)
    if counts.shape[0] == 1:
        return _of_axes(file, counts[0], [name], [table.columns], table.warnings)
    down, _, across = map(str.strip, table.corner.partition("\\"))
    return _of_axes(file, counts, [down or "rows", across or "columns"], [table.rows, table.columns], table.warnings)


def _of_array(path: Path) -> CountTable:
    name = f"--counts: {path.name}"
    array = mapped_array(path, name, "numbers of samples")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold numbers of samples, got dtype {array.dtype}")
    require_memory(40 * array.size, "cpu", f"counts of shape {array.shape}", "give --labels instead")
    names = [path.stem] if array.ndim == 1 else [f"axis {t}" for t in range(1, array.ndim + 1)]
    file = FileRead(path, "npy", False, len(array) if array.ndim else 0)
    return _of_axes(file, array, names, [()] * array.ndim, ())


def _of_axes(
    file: FileRead, given: Any, names: Sequence[str], axes: Sequence[Sequence[str]], warnings: Sequence[str]
) -> CountTable:
    where = "--counts" if file.path is GIVEN else f"--counts: {file.path.name}"
    if not given.ndim or min(given.shape) < 2:
        raise ValueError(f"{where} has shape {given.shape}; every axis is a task, of two classes or more")
    counts = validation.count_array(where, given)
    tasks = []
    for t, (name, classes) in enumerate(zip(names, axes, strict=True)):
        again = [title or "an empty one" for title, times in Counter(classes).items() if times > 1 or not title]
        if again:
            raise ValueError(f"{where}: each class of {shown(name)} needs a name of its own, got {listed(again)}")
        samples = counts.sum(axis=tuple(s for s in range(counts.ndim) if s != t))
        tasks.append(NamedTask(name, tuple(classes) or _numbered(len(samples)), tuple(samples.tolist())))
    return CountTable(counts, _reading(file, tasks, (*warnings, *_totals(counts, tasks))))


def _totals(counts: Counts, tasks: Sequence[NamedTask]) -> list[str]:
    """Warns of last classes that hold in every entry the sum of all others, as the margins of a table do."""
    found = []
    for t, task in enumerate(tasks):
        table = np.moveaxis(counts, t, 0)
        if len(table) > 2 and bool((2 * table[-1] == table.sum(axis=0)).all()):
            last = shown(task.classes[-1])
            found.append(f"{shown(task.name)}: class {last} has as many samples as all others; is it their total?")
    return found


def _reading(file: FileRead, tasks: Sequence[NamedTask], warnings: Sequence[str] = ()) -> LabelReading:
    empty = itertools.chain.from_iterable(map(class_warnings, tasks))
    return LabelReading((file,), tuple(tasks), (*warnings, *empty), "Counts read")


def _numbered(k: int) -> tuple[str, ...]:
    return tuple(map(str, range(k)))
