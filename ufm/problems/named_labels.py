"""Labels with names (a table with named columns, text, categories): they are numbered here, and the names kept.

pandas is not imported: a caller with a DataFrame has it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.problems.names import Names
from ufm.problems.standard_form import MISSING
from ufm.support import validation
from ufm.support.natural_order import natural

TAKES = "integers, text, Booleans or categories"


@dataclass(frozen=True)
class NamedColumn:
    """One task: class numbers (N,), −1 for no label; the names of its classes, or None if labels are integers."""

    numbers: NDArray[np.int64]
    classes: tuple[str, ...] | None


@dataclass(frozen=True)
class NamedLabels:
    """(N, T) class numbers and the columns they come from; ``tasks`` are the columns' names, or None."""

    array: NDArray[np.int64]
    columns: tuple[NamedColumn, ...]
    tasks: tuple[str, ...] | None

    def sizes(self, classes: Any) -> tuple[int, ...]:
        """(K_1, …, K_T): the number of names of a task; for integers as in ``SingleSource.from_labels``."""
        counted = [max(2, int(c.numbers.max()) + 1) if c.classes is None else len(c.classes) for c in self.columns]
        for t, (column, k) in enumerate(zip(self.columns, counted, strict=True)):
            if k < 2:
                raise ValueError(
                    f"labels[:, {t}] holds the one class {column.classes}; a task has at least 2, and a categorical "
                    "column says which others there are"
                )
        if classes is None:
            return tuple(counted)
        sizes = validation.class_numbers("classes", classes)
        if len(sizes) != len(counted):
            raise ValueError(f"classes names {len(sizes)} tasks, labels has {len(counted)} columns")
        for t, (k, column) in enumerate(zip(sizes, self.columns, strict=True)):
            if column.classes is not None and k != len(column.classes):
                raise ValueError(
                    f"classes[{t}]={k}, but labels[:, {t}] has {len(column.classes)} names; leave classes out, or "
                    "say by a categorical column which others there are"
                )
        return sizes

    def class_names(self, sizes: Sequence[int]) -> Names:
        """T tuples of K_t names; an integer is its own name."""
        pairs = zip(self.columns, sizes, strict=True)
        return tuple(tuple(map(str, range(k))) if c.classes is None else c.classes for c, k in pairs)


def named_labels(labels: Any, missing: Any) -> NamedLabels | None:
    """Numbers labels that have names; returns None for an array of integers, which has none.

    labels   a DataFrame of pandas or polars, or a Table of pyarrow, one column per task; a pandas Series or
             Categorical, one task; arrays or lists of strings (N, T) or (N,)
    missing  the value that stands for no label; empty cells (None, NaN, NA) then stand for none too

    The classes of a categorical column are its categories in order, used or not; those of text the distinct cells in
    natural order; those of Booleans False, True. Integers stay as they are, counted from 0.

    Raises ValueError or TypeError naming the column.
    """
    if hasattr(labels, "to_pandas") and hasattr(labels, "schema"):  # polars, pyarrow
        labels = labels.to_pandas()
    if hasattr(labels, "iloc"):
        table = [labels.iloc[:, t] for t in range(labels.shape[1])] if labels.ndim == 2 else [labels]
        names = list(labels.columns) if labels.ndim == 2 else [labels.name]
    elif hasattr(labels, "categories") and hasattr(labels, "codes"):
        table, names = [labels], [None]
    else:
        if hasattr(labels, "detach"):
            return None
        array = validation.full_array("labels", labels)
        text = array.dtype.kind in "UT" or (array.dtype.kind == "O" and any(isinstance(c, str) for c in array.flat))
        if not text or array.ndim not in (1, 2) or 0 in array.shape:
            return None
        table, names = list(array.reshape(len(array), -1).T), [None] * (array.shape[1] if array.ndim == 2 else 1)
    if missing is not None and not isinstance(missing, str):
        validation.whole_number("missing", missing, -(2**63), 2**63 - 1)
    if not table or not len(table[0]):
        raise ValueError(f"labels must have shape (N, T) with N, T ≥ 1, got {(len(labels), len(table))}")
    places = [f"labels[:, {t}]" if name is None else f"labels[{name!r}]" for t, name in enumerate(names)]
    columns = tuple(_column(place, cells, missing) for place, cells in zip(places, table, strict=True))
    tasks = None if any(name is None for name in names) else tuple(map(str, names))
    for name in tasks or ():
        if (times := list(map(str, names)).count(name)) > 1:
            raise ValueError(f"labels has {times} columns named {name!r}; each task needs a name of its own")
    return NamedLabels(np.stack([column.numbers for column in columns], axis=1), columns, tasks)


def _column(place: str, cells: Any, missing: Any) -> NamedColumn:
    kind = getattr(cells, "dtype", None)
    categories = getattr(kind, "categories", None)
    if categories is not None:
        codes = np.array(getattr(cells, "cat", cells).codes, dtype=np.int64)
        names = tuple(map(str, categories))
        if missing is not None and str(missing) in names:
            raise ValueError(f"missing={missing!r} is a category of {place}; take it out of the categories")
        return _checked(place, codes, codes < 0, names, missing)
    absent = np.asarray(cells.isna()) if hasattr(cells, "isna") else np.array([_empty(cell) for cell in cells])
    if getattr(kind, "kind", "O") in "iuf":
        return _of_integers(place, cells, absent, missing)
    if isinstance(missing, str):
        absent = absent | np.array([isinstance(cell, str) and cell == missing for cell in cells], dtype=bool)
    present = [cell for cell, none in zip(cells, absent, strict=True) if not none]
    distinct: Sequence[Any]
    if all(isinstance(cell, (bool, np.bool_)) for cell in present):
        distinct = (False, True)
    elif all(isinstance(cell, str) for cell in present):
        distinct = sorted(set(present), key=natural)
    else:
        if all(isinstance(cell, (int, np.integer)) and not isinstance(cell, bool) for cell in present):
            return _of_integers(place, cells, absent, missing)
        other = next(cell for cell in present if not isinstance(cell, str))
        raise TypeError(f"{place} holds {other!r}, a {type(other).__name__}; a task's labels must be {TAKES}")
    number = {name: k for k, name in enumerate(distinct)}
    numbers = np.full(len(absent), MISSING)
    numbers[~absent] = [number[cell] for cell in present]
    return _checked(place, numbers, absent, tuple(map(str, distinct)), missing)


def _of_integers(place: str, cells: Any, absent: NDArray[np.bool_], missing: Any) -> NamedColumn:
    """Integers, empty cells among them."""
    given = validation.whole_array(place, np.asarray(cells[~absent].tolist() if absent.any() else cells.tolist()))
    numbers = np.full(len(absent), MISSING)
    numbers[~absent] = given
    if missing is not None and not isinstance(missing, str):
        absent = absent | (numbers == missing)
    if (numbers[~absent] < 0).any():
        row = int(np.argmax(~absent & (numbers < 0)))
        raise ValueError(f"{place} has {numbers[row]} in row {row}; labels count from 0, and missing= marks no label")
    return _checked(place, np.where(absent, MISSING, numbers), absent, None, missing)


def _checked(
    place: str, numbers: NDArray[np.int64], absent: NDArray[np.bool_], names: tuple[str, ...] | None, missing: Any
) -> NamedColumn:
    if absent.any() and missing is None:
        row = int(np.argmax(absent))
        raise ValueError(f"{place} is empty in row {row}; missing=-1 marks it as no label")
    if absent.all():
        raise ValueError(f"{place} has no label at all; leave the task out")
    return NamedColumn(numbers, names)


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and cell != cell)
