"""Finding the files of a data set, with errors that say what was expected and where it can be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def find(name: str, directory: Path, folders: Sequence[str], names: Sequence[str]) -> Path:
    """The first of some names in the first of some folders of ``directory`` that holds one.

    Raises FileNotFoundError that names the data set, what was looked for, and where.
    """
    for folder in folders:
        for candidate in names:
            if (directory / folder / candidate).exists():
                return directory / folder / candidate
    places = ", ".join(repr(str(directory / folder)) for folder in folders)
    wanted = " or ".join(names)
    raise FileNotFoundError(
        f"{name}: no {wanted} in {places}; 'ufm data fetch {name} --dir {directory}' says how to get it"
    )


def damaged(path: Path, expected: str, found: object) -> ValueError:
    """The error for a file that is not what it says: its path, what was expected, what is there."""
    return ValueError(f"{str(path)!r} is damaged or cut short: expected {expected}, found {found}")


def read_lines(path: Path) -> list[str]:
    """The non-empty lines of a small text file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise damaged(path, "a text file", error) from error
    return [line.rstrip("\r") for line in text.split("\n") if line.strip()]
