"""Label tuples (k_1, …, k_T) as integer rows (columns, T): all of them, pairwise uniform ones, and their counts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation
from ufm.support.memory import require_memory

Int = NDArray[np.int64]


def all_tuples(classes: tuple[int, ...]) -> Int:
    """(Π K_t, T) every label tuple once; raises ValueError if there are too many to write out."""
    columns = math.prod(classes)
    advice = "use orthogonal_array(...) or from_labels(...), which store only tuples that occur"
    validation.check_columns(f"classes={classes}", columns, advice)
    _require_memory(columns, len(classes))
    return np.stack(np.unravel_index(np.arange(columns), classes), axis=1)


def pairwise_uniform_tuples(classes: int, tasks: int) -> Int:
    """(K², T) tuples in which every PAIR of tasks has every pair of classes once: an orthogonal array of strength 2.

    (i, j) ↦ (i, j, i + j, i + 2j, …, i + (K−1)j) mod K. Two of its entries determine i and j where the difference of
    their multipliers of j is invertible: up to three tasks for any K (cyclic Latin square), up to K + 1 for prime K.
    Raises ValueError beyond, MemoryError if they do not fit.
    """
    validation.check_columns(f"classes={classes}", classes * classes, "use fewer classes")
    prime = all(classes % divisor for divisor in range(2, math.isqrt(classes) + 1))
    most = classes + 1 if prime else 3
    if tasks > most:
        reason = "is prime" if prime else "is not prime, so only the cyclic Latin square is used"
        raise ValueError(f"tasks={tasks} is more than {most}, the most for classes={classes}, which {reason}")
    _require_memory(classes * classes, tasks)
    i, j = (axis.reshape(-1) for axis in np.indices((classes, classes)))
    return np.stack([i, j, *((i + a * j) % classes for a in range(1, tasks - 1))], axis=1)


def _require_memory(columns: int, tasks: int) -> None:
    """An array (columns, T) of integers and the copies that ``distinct_tuples`` sorts."""
    what = f"sorting {columns:,} label tuples of {tasks:,} tasks"
    require_memory(40 * columns * (tasks + 1), "cpu", what, "use fewer classes or tasks")


def distinct_tuples(labels: Int, counts: Int) -> tuple[Int, Int]:
    """The tuples that occur, in lexicographic order, with their summed counts; rows may repeat or have count 0."""
    rows = labels[counts > 0]
    distinct, inverse = _distinct(rows)
    totals = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(totals, inverse.reshape(-1), counts[counts > 0])
    return distinct, totals


def _distinct(rows: Int) -> tuple[Int, Int]:
    """The distinct rows of labels ≥ −1 in order, and the index of each row among them.

    Where one integer can number all tuples, that of the order they are sorted in, it is sorted in place of rows.
    """
    sizes = tuple(int(k) + 2 for k in rows.max(axis=0)) if rows.size else ()
    if not sizes or math.prod(sizes) >= 2**62:
        return np.unique(rows, axis=0, return_inverse=True)
    numbers, inverse = np.unique(np.ravel_multi_index(tuple(rows.T + 1), sizes), return_inverse=True)
    return np.stack(np.unravel_index(numbers, sizes), axis=1).astype(np.int64) - 1, inverse
