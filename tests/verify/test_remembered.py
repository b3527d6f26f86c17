"""What is remembered of a thing is computed once, and goes with it."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import ufm
from verify.claims import LIBRARY
from verify.claims.decisions import random_features
from verify.claims.regime import live_features, live_heads, live_rows
from verify.reading.read import At, read
from verify.reading.remembered import remembered


class Thing:
    """Equal to itself alone."""


def test_once_for_each_and_no_longer_than_it_lives() -> None:
    calls: list[int] = []

    @remembered
    def name(of: Thing) -> int:
        calls.append(id(of))
        return len(calls)

    one, other = Thing(), Thing()
    assert [name(one), name(other), name(one)] == [1, 2, 1]
    last = weakref.ref(one)
    del one
    gc.collect()
    assert last() is None


def point() -> At:
    problem = ufm.SingleSource([[3, 2], [1, 4]], lambda_H=0.01, lambda_W=0.01, lambda_b=0.01)
    return read(problem, ufm.solve(problem))


def test_no_claim_keeps_a_point_alive() -> None:
    at = point()
    for claim in LIBRARY.values():
        claim(at)
    kept = weakref.ref(at), weakref.ref(at.samples[0])
    del at
    gc.collect()
    assert [one() for one in kept] == [None, None]


def test_shared_arrays_are_read_only() -> None:
    (part,) = point().samples
    for array in (live_rows(part), live_features(part), random_features(part)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert all(np.isfinite(W).all() for W in live_heads(part))
