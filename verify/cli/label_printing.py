"""What was read of label files, in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from verify.cli.terminal import Terminal

if TYPE_CHECKING:
    from verify.reading.label_reading import LabelReading


def told_to(terminal: Terminal) -> Callable[[LabelReading], None]:
    """Prints what was read of label files."""
    return lambda reading: terminal.tell(reading.with_paths() + "\n")
