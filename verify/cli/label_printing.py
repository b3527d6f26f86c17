"""Prints in a terminal what was read from label files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from verify.cli.terminal import Terminal

if TYPE_CHECKING:
    from verify.reading.label_reading import LabelReading


def told_to(terminal: Terminal) -> Callable[[LabelReading], None]:
    """Prints what was read from label files."""
    return lambda reading: terminal.tell(reading.with_paths() + "\n")
