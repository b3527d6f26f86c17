"""Label tuples are sorted by one number each, as far as one can hold them: the same tuples, order and counts."""

from __future__ import annotations

import numpy as np
import pytest

from ufm.problems.label_tuples import distinct_tuples


@pytest.mark.parametrize("classes", [(2,), (3, 4), (2, 1000, 3), (2,) * 30, (2,) * 61, (2,) * 70, (10**7,) * 3])
def test_as_rows_sorted_one_by_one(classes: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0)
    labels = np.stack([draw.integers(-1, min(k, 5), 300) for k in classes], axis=1)
    labels[0] = np.array(classes) - 1
    counts = draw.integers(0, 4, 300)
    counts[0] = 2**50
    tally: dict[tuple[int, ...], int] = {}
    for row, count in zip(labels.tolist(), counts.tolist(), strict=True):
        if count:
            tally[tuple(row)] = tally.get(tuple(row), 0) + count
    distinct, totals = distinct_tuples(labels, counts)
    assert list(map(tuple, distinct.tolist())) == sorted(tally)
    assert totals.tolist() == [tally[row] for row in sorted(tally)]
    assert distinct.dtype == totals.dtype == np.int64
