"""A cache whose entries live as long as their argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

Of = TypeVar("Of")
Found = TypeVar("Found")


def remembered(function: Callable[[Of], Found]) -> Callable[[Of], Found]:
    """Decorates a function of one object that compares by identity, such as an ``At``: called once per object.

    The result must not refer to the object, or it would keep it alive; it is shared, so arrays should be read-only.
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
