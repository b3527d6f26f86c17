"""Natural sorting of names."""

from __future__ import annotations

import re


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A sort key that compares digits by value and ignores case: class 2 comes before class 10."""
    parts = re.split(r"([0-9]+)", name.casefold())
    numbered = [(len(part.lstrip("0")), part.lstrip("0")) if i % 2 else (0, part) for i, part in enumerate(parts)]
    return numbered, name
