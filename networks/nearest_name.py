"""Errors for names that are not known: what was given, the nearest valid name, and all valid ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown_name(what: str, given: object, valid: Iterable[str]) -> ValueError:
    """The error to raise: ``source='minst' is not known; did you mean 'mnist'? Valid: …``."""
    names = list(valid)
    nearest = difflib.get_close_matches(str(given).lower(), [name.lower() for name in names], n=1, cutoff=0.5)
    meant = [name for name in names if nearest and name.lower() == nearest[0]]
    advice = f"; did you mean {meant[0]!r}?" if meant else ";"
    return ValueError(f"{what}={given!r} is not known{advice} Valid: {', '.join(names)}")


def require_name(what: str, given: object, valid: Iterable[str]) -> str:
    """The name itself where it is valid."""
    names = list(valid)
    if not isinstance(given, str) or given not in names:
        raise unknown_name(what, given, names)
    return given
