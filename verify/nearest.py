"""Names that are nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def nearest_name(what: str, name: str, known: Collection[str]) -> str:
    """The name itself if known; ValueError with the nearest known one, or with all of them."""
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {close[0]!r}?" if close else "one of " + ", ".join(map(repr, known))
    raise ValueError(f"no {what} is called {name!r}; {advice}")
