"""The order in which people sort names."""

from __future__ import annotations

import re


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key for sorting: runs of digits compared by length, which is by value, the rest without case; class 2 before
    class 10.
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    numbered = [(len(part.lstrip("0")), part.lstrip("0")) if i % 2 else (0, part) for i, part in enumerate(parts)]
    return numbered, name
