"""The problem's label that each column of H carries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ufm.problems.label_sets import indicator_array
from ufm.support import validation
from verify.reading.form import MISSING, Int


def label_index(
    name: str,
    labels: Any,
    distinct: Int,
    classes: tuple[int, ...],
    features: str,
    columns: int,
    *,
    default: bool,
    indicators: bool = False,
) -> Int:
    """(columns,) row of ``distinct`` (m, T) that equals each row of labels (columns, T); −1 is no label.

    With ``indicators`` both are indicator rows (columns, K) of label sets. Column numbers count as labels of one task
    with as many classes.

    Raises ValueError if labels do not fit H, a column's label has no samples in the problem, or a label of the
    problem has no column.
    """
    width = distinct.shape[1]
    if default and len(distinct) != columns:
        raise ValueError(
            f"{features} has {columns} columns but the problem has {len(distinct)} distinct labels; "
            f"pass {name}=, ({columns}, {width}), saying what the columns are"
        )
    if indicators:
        array = indicator_array(name, labels, width)
        if distinct.any(axis=1).all() and not array.any(axis=1).all():
            row = int(np.argmin(array.any(axis=1)))
            raise ValueError(f"{name}[{row}] names no class, and no sample of the problem has the empty set")
    else:
        try:
            array = validation.label_array(name, labels, tasks=width)
        except ValueError as error:
            raise ValueError(f"{error}; it must be ({columns}, {width}) integers") from None
    if len(array) != columns:
        raise ValueError(f"{name} has {len(array)} rows but {features} has {columns} columns; they must be as many")
    if not indicators:
        least = MISSING if distinct.min() < 0 else 0
        validation.check_range(name, array, classes, least, "problem.labels has those that there are")
    if default or (len(array) == len(distinct) and (array == distinct).all()):
        return np.arange(columns)
    both, radix = np.concatenate([distinct, array]), (2,) * width
    if not indicators:
        both, radix = both - MISSING, tuple(k + 1 for k in classes)  # from 0, no label included
    wanted, keys = np.split(_keys(both, radix), [len(distinct)])
    order = np.argsort(wanted)
    position = np.minimum(np.searchsorted(wanted[order], keys), len(wanted) - 1)
    index = order[position]
    absent = wanted[index] != keys
    if absent.any():
        row = int(np.argmax(absent))
        raise ValueError(
            f"{name}[{row}] = {tuple(array[row].tolist())} has no samples in the problem; "
            "drop that column of H, or state the problem with that label"
        )
    seen = np.bincount(index, minlength=len(distinct))
    if not seen.all():
        lost = tuple(distinct[int(np.argmin(seen))].tolist())
        raise ValueError(
            f"{name} has no column of H for the problem's label {lost}; every label with samples needs at least one"
        )
    return index


def _keys(labels: Int, classes: tuple[int, ...]) -> Int:
    """(n,) one integer per label tuple: mixed radix, compressed whenever it would overflow 64 bits."""
    keys = np.zeros(len(labels), dtype=np.int64)
    bound = 1
    for t, k in enumerate(classes):
        if bound > np.iinfo(np.int64).max // k:
            keys = np.unique(keys, return_inverse=True)[1].reshape(-1)
            bound = len(labels)
        keys = keys * k + labels[:, t]
        bound *= k
    return keys
