"""What is computed of a thing once, and kept while the thing lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

Of = TypeVar("Of")
Found = TypeVar("Found")


def remembered(function: Callable[[Of], Found]) -> Callable[[Of], Found]:
    """A function of one thing that is equal to itself alone, such as what was read of a point: called once for each.

    What it returns must not refer to the thing, which it would keep alive, and is shared: arrays should be read-only.
    """
    known: WeakKeyDictionary[Of, Found] = WeakKeyDictionary()

    @wraps(function)
    def once(of: Of) -> Found:
        try:
            return known[of]
        except KeyError:
            known[of] = found = function(of)
            return found

    return once
