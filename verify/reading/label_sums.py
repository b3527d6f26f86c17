"""Sums over the columns that share a label, in blocks of columns so that no second copy of H is made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from verify.reading.form import Float, Int

BLOCK = 2**21  # numbers of one work array: 16 MB, small beside H and large beside the overhead of a block


def column_blocks(index: Int, height: int) -> Iterator[Int | slice]:
    """Column numbers sorted by label, in blocks whose arrays of the given height hold about BLOCK numbers.

    Slices, of which NumPy makes no copies, where the columns are sorted already.
    """
    ordered = bool((index[1:] >= index[:-1]).all())
    order = None if ordered else np.argsort(index, kind="stable")
    width = max(1, BLOCK // max(1, height))
    for start in range(0, len(index), width):
        part = slice(start, min(start + width, len(index)))
        yield part if order is None else order[part]


def add_by_label(total: Float, values: Float, labels: Int) -> None:
    """total[:, l] += Σ of the columns of values whose label is l, for labels (n,) in ascending order.

    One pairwise sum per label: a running sum over a million samples would lose digits that the gap needs.
    """
    starts = np.concatenate([[0], 1 + np.flatnonzero(labels[1:] != labels[:-1])])
    total[:, labels[starts]] += np.add.reduceat(values, starts, axis=1)


def label_means(H: Float, index: Int, columns_per_label: Int) -> Float:
    """(d, m) mean of the columns of H (d, n) over each label; index (n,) is the label number of a column."""
    total = np.zeros((H.shape[0], len(columns_per_label)))
    for block in column_blocks(index, H.shape[0]):
        add_by_label(total, H[:, block], index[block])
    return total / columns_per_label
