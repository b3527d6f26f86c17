"""What was read of label files, in a terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from verify.reading.label_reading import LabelReading


def told_to(console: Console) -> Callable[[LabelReading], None]:
    """Prints what was read of label files."""
    return lambda reading: console.print(reading.with_paths() + "\n", markup=False, highlight=False, soft_wrap=True)
