"""JSON from untrusted files: depth and memory are bounded before parsing."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from ufm.support.memory import require_memory

DEPTH = 64  # brackets within brackets; what this program writes has less than 10
BYTES = 40  # of objects, at most, a character of text becomes: "[[],[],…" is the worst

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def parse_json(text: str, *, nan: bool = False) -> Any:
    """Returns the value of a JSON text.

    Raises ValueError if it is not JSON, is nested deeper than 64 brackets, or holds NaN or ∞, which JSON lacks, unless
    ``nan`` allows Python's words for them; MemoryError if it would not fit.
    """
    require_memory(BYTES * len(text), "cpu", f"{len(text):,} characters of JSON", "it is hardly what it should be")
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > DEPTH:
                raise ValueError(f"JSON nested deeper than {DEPTH} brackets")
        elif match[0] in "]}":
            depth -= 1
    return json.loads(text, parse_constant=float if nan else _refuse)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
