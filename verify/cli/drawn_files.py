"""Writes a figure in the requested formats, all files or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ufm.support.nearest_name import require_name
from ufm.support.whole_file import write_together
from ufm.support.writable import open_folder
from verify.cli.terminal import Terminal
from verify.plot.files import FORMATS, drawn


def require_formats(formats: Sequence[str]) -> None:
    """Raises ValueError naming one that is not known, or where there is none."""
    if not formats:
        raise ValueError(f"--format needs at least one of {', '.join(FORMATS)}")
    for kind in formats:
        require_name("--format", kind, FORMATS)


def open_for(output: Path, name: str, formats: Sequence[str], *more: str) -> Path:
    """Opens the folder for NAME in each format and other files, creating it if absent; raises OSError naming it."""
    return open_folder(output, *more, *(f"{name}.{kind}" for kind in formats), what="--output")


def written(
    terminal: Terminal,
    folder: Path,
    name: str,
    figure: Any,
    caption: str,
    formats: Sequence[str],
    more: Mapping[str, bytes | str] | None = None,
) -> None:
    """Writes the figure and other files, and prints the caption and the paths."""
    contents: dict[str, bytes | str] = {**(more or {})}
    contents |= {f"{name}.{kind}": drawn(figure, kind) for kind in formats}
    write_together(folder, contents)
    terminal.result(caption)
    for file in contents:
        terminal.written("written", folder / file)
    terminal.then(f"open {folder / name}.{formats[-1]}")
