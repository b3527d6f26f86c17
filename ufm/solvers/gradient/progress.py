"""A progress bar that appears only if a run turns out long and stderr is a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LONG = 2.0  # seconds


class ProgressBar:
    """progress None: after two seconds, if stderr is a terminal; True: always, at once; False: never."""

    def __init__(self, progress: bool | None, total: int, description: str) -> None:
        self.wanted = sys.stderr.isatty() if progress is None else progress
        self.since = time.monotonic() + (LONG if progress is None else 0.0)
        self.total, self.description = total, description
        self.bar: Progress | None = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()

    def update(self, step: int, objective: float, relative_gradient: float) -> None:
        """Shows the last measurement."""
        if not self.wanted or time.monotonic() < self.since:
            return
        if self.bar is None:
            self.bar = _bar()
            self.bar.add_task(self.description, total=self.total, measured="")
            self.bar.start()
        measured = f"F = {objective:.8g}  relative gradient {relative_gradient:.1e}"
        self.bar.update(self.bar.task_ids[0], completed=step, measured=measured)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[measured]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
