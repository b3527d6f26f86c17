"""Warnings about label files that are valid but look wrong."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from verify.cli.label_cells import Classes, is_plain
from verify.reading.label_reading import CLASSES_SHOWN, NamedTask, listed, shown

_INDEX = re.compile(
    r"unnamed: \d+|#|(.*[ _.-])?(id|ids|idx|index|no|nr|row|uuid|guid|filename|path)|\w*(row|sample|image)(id|no|nr)",
    re.IGNORECASE,
)


def column_warnings(task: NamedTask, found: Classes, labels: NDArray[np.int64]) -> list[str]:
    """Warns of a column that seems not to be a task, or of several classes that seem to be one."""
    name, rows = shown(task.name), len(labels)
    occurring = len(found.names)
    warnings = []
    if _INDEX.fullmatch(task.name):
        warnings.append(f"{name} is named like an index; leave it out with --columns unless it is a task")
    counts = found.whole is not None and found.whole[-1] - found.whole[0] == rows - 1 and found.whole[0] in (0, 1)
    if rows > 2 and counts and bool(np.all(np.diff(labels) == 1)):
        warnings.append(f"{name} counts its rows, as an index does; leave it out with --columns")
    elif rows > 1 and occurring == rows:
        warnings.append(
            f"{name} has as many classes as rows, {rows:,}; leave it out with --columns unless it is a task"
        )
    if found.whole is None:
        warnings += _spelling(name, found)
    elif len(task.classes) == occurring and (gaps := found.whole[-1] - found.whole[0] + 1 - occurring):
        warnings.append(_left_out(name, found.whole, gaps))
    return warnings


def looks_like_an_index(name: str, values: NDArray[np.float64]) -> bool:
    """Whether a column is named like an index, or counts 0, 1, 2, … or 1, 2, 3, … in order."""
    counts = len(values) > 2 and values[0] in (0, 1) and bool(np.all(np.diff(values) == 1))
    return _INDEX.fullmatch(name) is not None or counts


def class_warnings(task: NamedTask) -> list[str]:
    """Warns of classes without samples."""
    empty = [name for name, count in zip(task.classes, task.counts, strict=True) if not count]
    if not empty:
        return []
    return [f"{shown(task.name)}: {'class' if len(empty) == 1 else 'classes'} {listed(empty)} without samples: empty"]


def _spelling(name: str, found: Classes) -> list[str]:
    plain = [cell for cell in found.names if is_plain(cell)]
    warnings = []
    if 0 < len(plain) < len(found.names):
        warnings.append(f"{name} has names and numbers as classes, such as {shown(plain[0])}")
    elif booleans := [cell for cell in plain if cell.casefold() in ("true", "false")]:
        if len(booleans) < len(plain):
            warnings.append(f"{name} has numbers and Booleans as classes, such as {shown(booleans[0])}")
    elif plain:
        warnings.append(f"{name} has decimals; each value is a class")
    folded = Counter(cell.casefold() for cell in found.names)
    alike = [cell for cell in found.names if folded[cell.casefold()] > 1]
    if alike:
        warnings.append(f"{name}: classes {listed(alike)} differ in case only")
    return warnings


def _left_out(name: str, whole: tuple[int, ...], gaps: int) -> str:
    """Integers between the classes that no sample has."""
    present = set(whole)
    missing = (str(i) for i in range(whole[0], whole[-1]) if i not in present)
    few = list(islice(missing, CLASSES_SHOWN))
    more = f", … ({gaps:,} in all)" if gaps > len(few) else ""
    size = whole[-1] + 1 if whole[0] == 0 else whole[-1]
    counted = f"; --classes {size} counts them" if whole[0] in (0, 1) else ""
    return f"{name}: no sample has {', '.join(few)}{more}, which would be empty and are left out{counted}"
