"""Label files: one row per sample and one column per task (or per class, of 0 and 1), with the names found in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.problems.label_sets import indicator_array
from ufm.problems.standard_form import MISSING
from verify.cli.label_arrays import Column
from verify.cli.label_cells import Classes, NoLabel, classes_of, indicator, is_missing, why_no_label
from verify.cli.label_table import Table, read_table
from verify.cli.label_warnings import class_warnings, column_warnings
from verify.reading.label_reading import LabelReading, NamedTask, shown

Labels = NDArray[np.int64]


def read_tasks(
    paths: Sequence[Path],
    classes: Sequence[int] = (),
    *,
    told: Callable[[LabelReading], None] = lambda reading: None,
    missing: Sequence[str] = (),
    **options: Any,
) -> tuple[list[Labels], LabelReading]:
    """(N, T) labels from 0 of each file, and what was read, which ``told`` gets before a task of one class is refused.

    A cell equal to ``missing`` becomes −1, no label; a sample without any label is refused.
    A task's classes are the distinct values of its column, in natural order; of categories, all of them in theirs. K_t
    in ``classes`` adds empty ones: integers within 0 … K_t − 1, or else within 1 … K_t, keep their places.
    missing   the mark of a missing label, such as "-1" or ""
    options   delimiter, header, columns: see ``read_table``
    Raises ValueError naming file, line and cell for a missing or negative label.
    """
    none = NoLabel(missing)
    tables = [read_table(path, missing=none, **options) for path in paths]
    width = sum(len(table.columns) for table in tables)
    if classes and len(classes) != width:
        raise ValueError(f"--classes names {len(classes)} tasks, --labels has {width} columns")
    sizes = iter(classes)
    arrays, tasks, warnings = [], [], [text for table in tables for text in table.warnings]
    for table in tables:
        labels = []
        for column in table.columns:
            task, array, found = _task(table, column, next(sizes, None), none, alone=len(paths) > 1)
            labels.append(array)
            tasks.append(task)
            warnings += found
        arrays.append(np.stack(labels, axis=1))
        _require_any_label(table, arrays[-1])
    cells = [cell for table in tables for column in table.columns for cell in column.cells]
    for value in none.values:
        if not any(map(NoLabel((value,)).__contains__, cells)):
            warnings.append(f"--missing {value!r} occurs in no column")
    reading = LabelReading(tuple(table.file for table in tables), tuple(tasks), tuple(warnings))
    told(reading)
    for task in tasks:
        if len(task.classes) < 2:
            raise ValueError(
                f"--labels: task {shown(task.name)} has one class only, {shown(task.classes[0])}; a task needs two: "
                "leave the column out with --columns, or count classes without samples with --classes"
            )
    return arrays, reading


def read_label_sets(path: Path, *, empty_sets: bool = False, **options: Any) -> tuple[Labels, LabelReading]:
    """(N, K) of 0 and 1, a 1 at each of a sample's labels, and what was read: one task, one column per class.

    Raises ValueError naming the file for anything else, and the line of an empty set, but where ``empty_sets`` have a
    loss.
    """
    table = read_table(path, **options)
    indicators = _indicators(table)
    if not (empty_sets or indicators.any(axis=1).all()):
        row = int(np.argmin(indicators.any(axis=1)))
        raise ValueError(
            f"{table.name}, {table.place(row)}: names no class, and pick-all-label gives such a sample no loss; leave "
            "it out, or take --loss binary-cross-entropy or squared-error"
        )
    names = tuple(column.name or str(column.position) for column in table.columns)
    counts = tuple(indicators.sum(axis=0).tolist())
    task = NamedTask(path.stem, names, counts)
    reading = LabelReading((table.file,), (task,), (*table.warnings, *class_warnings(task)))
    return indicators, reading


def _indicators(table: Table) -> Labels:
    columns = []
    for column in table.columns:
        values = [indicator(cell) for cell in column.cells]
        if None in values:
            row = int(np.argmax(np.isin(column.codes, [i for i, value in enumerate(values) if value is None])))
            raise ValueError(
                f"{table.name}, column {column.position}, sample {row + 1}: "
                f"{shown(column.cells[column.codes[row]])}; "
                "with --multi-label every column is a class and holds 0 and 1"
            )
        columns.append(np.array(values, dtype=np.int64)[column.codes])
    return indicator_array(table.path.name, np.stack(columns, axis=1))


def _task(
    table: Table, column: Column, size: int | None, missing: NoLabel, alone: bool
) -> tuple[NamedTask, Labels, list[str]]:
    labelled = np.array([cell not in missing for cell in column.cells])
    _require_labels(table, column, labelled)
    cells = list(itertools.compress(column.cells, labelled))
    found = Classes(tuple(cells), np.arange(len(cells)), None) if column.ordered else classes_of(cells)
    name = column.name or (table.path.stem if alone else f"column {column.position}")
    names, places = _with_empty(name, found, size)
    of_cell = np.full(len(column.cells), MISSING)
    of_cell[labelled] = places[found.of_cell]
    labels = of_cell[column.codes]
    present = labels[labels != MISSING]
    counts = np.bincount(present, minlength=len(names)).tolist()
    task = NamedTask(name, names, tuple(counts), len(labels) - len(present))
    of_cells = [] if column.ordered else column_warnings(task, found, present)
    return task, labels, [*of_cells, *class_warnings(task)]


def _require_any_label(table: Table, labels: Labels) -> None:
    without = (labels == MISSING).all(axis=1)
    if without.any():
        others = int(np.count_nonzero(without)) - 1
        raise ValueError(
            f"{table.name}, {table.place(int(np.argmax(without)))}: no label in any task, so no loss"
            + f" (and {others:,} more rows)" * (others > 0)
            + "; remove such rows"
        )


def _require_labels(table: Table, column: Column, labelled: NDArray[np.bool_]) -> None:
    if not labelled.any():
        raise ValueError(
            f"{table.name}: column {column.position} has no label at all; leave the column out with --columns"
        )
    reasons = [why_no_label(cell) if found else "" for cell, found in zip(column.cells, labelled, strict=True)]
    bad = np.isin(column.codes, [i for i, reason in enumerate(reasons) if reason])
    if bad.any():
        row = int(np.argmax(bad))
        number = column.codes[row]
        others = int(np.count_nonzero(bad)) - 1
        header = row == 0 and not table.header and table.text and is_missing(column.cells[number])
        raise ValueError(
            f"{table.name}, {table.place(row)}: column {column.position} {reasons[number]}"
            + f" (and {others:,} more rows)" * (others > 0)
            + "; say with --missing what stands for no label, remove rows without one, give them a class of "
            + "their own, or leave the column out with --columns"
            + "; if the line names the columns, --header" * bool(header)
        )


def _with_empty(name: str, found: Classes, size: int | None) -> tuple[tuple[str, ...], Labels]:
    """The names of all K classes, and the index among them of each class that occurs."""
    k, whole = len(found.names), found.whole
    if size is None or size == k:
        return found.names, np.arange(k)
    if size < k:
        raise ValueError(f"--labels: task {shown(name)} has {k} classes, --classes says {size}")
    for first in (0, 1):
        if whole is not None and first <= whole[0] and whole[-1] - first < size:
            return tuple(str(first + i) for i in range(size)), np.array(whole) - first
    return (*found.names, *(f"(class {i + 1})" for i in range(k, size))), np.arange(k)
