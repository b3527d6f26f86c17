"""Colour, if a terminal shows it and NO_COLOR is unset."""

from __future__ import annotations

import os
from typing import TextIO


def coloured(text: str, code: int, stream: TextIO) -> str:
    """The text between escape sequences; unchanged for a file, a dumb terminal, or under NO_COLOR."""
    wanted = stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    return f"\x1b[{code}m{text}\x1b[0m" if wanted else text
