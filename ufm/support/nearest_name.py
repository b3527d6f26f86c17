"""Errors for unknown names: the given name, the nearest valid one, and all valid ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(given: object, valid: Iterable[str], spellings: Iterable[str] = ()) -> str | None:
    """The valid name that was probably meant, ignoring case; ``spellings`` of the same name may be nearer."""
    low = {name.lower(): name for name in valid}
    for word in (given, *spellings):
        if match := difflib.get_close_matches(str(word).lower(), low, n=1, cutoff=0.5):
            return low[match[0]]
    return None


def unknown_name(what: str, given: object, valid: Iterable[str], spellings: Iterable[str] = ()) -> ValueError:
    """The error to raise: ``source='minst' is not known; did you mean 'mnist'? Valid: …``."""
    names = list(valid)
    meant = nearest(given, names, spellings)
    advice = f"; did you mean {meant!r}?" if meant else ";"
    return ValueError(f"{what}={given!r} is not known{advice} Valid: {', '.join(names)}")


def require_name(what: str, given: object, valid: Iterable[str]) -> str:
    """Returns the name if it is valid, else raises ``unknown_name``."""
    names = list(valid)
    if not isinstance(given, str) or given not in names:
        raise unknown_name(what, given, names)
    return given
