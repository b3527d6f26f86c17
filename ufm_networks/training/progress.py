"""A bar over epochs with the last loss and accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ufm_networks.training.logs import Row


class Show(Protocol):
    """The callback after every epoch."""

    def __call__(self, row: Row) -> None:
        """With the epoch's row."""
        ...


@contextmanager
def progress_bar(epochs: int, done: int, *, shown: bool | None) -> Iterator[Show]:
    """A progress bar; ``None`` shows it if stderr is a terminal."""
    console = Console(stderr=True)
    visible = console.is_terminal if shown is None else shown
    columns = (
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not visible) as bar:
        task = bar.add_task("", total=epochs, completed=done)
        latest: Row = {}

        def show(row: Row) -> None:
            latest.update(row)
            parts = [f"loss {latest['loss']:.4g}"]
            parts += [f"accuracy {latest['accuracy']:.4f}"] if "accuracy" in latest else []
            parts += [f"{name} {latest[name]:.3g}" for name in ("SNC1", "MNC1", "NC1") if name in latest]
            bar.update(task, advance=1, description=", ".join(parts))

        yield show
