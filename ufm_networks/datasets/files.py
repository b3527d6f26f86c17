"""Finding the files of a data set, with errors that say what was expected and how to get it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ufm.support.memory import require_memory
from ufm.support.regular_file import require_regular


def require_file(path: Path) -> None:
    """Requires a regular file: a pipe would block forever, a device would never end."""
    require_regular("file", path)


def read_whole(path: Path) -> bytes:
    """The bytes of a regular file; MemoryError before reading where they would not fit."""
    require_file(path)
    size = path.stat().st_size
    require_memory(3 * size, "cpu", f"reading {str(path)!r} of {size:,} bytes", "it is larger than it should be")
    return path.read_bytes()


def find(name: str, directory: Path, folders: Sequence[str], names: Sequence[str]) -> Path:
    """The first existing file among these names in these folders of ``directory``.

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
    """The error to raise for a damaged file: its path, what was expected, what was found."""
    return ValueError(f"{str(path)!r} is damaged or cut short: expected {expected}, found {found}")


def read_lines(path: Path) -> list[str]:
    """The non-empty lines of a small text file."""
    try:
        text = read_whole(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(path, "a text file", error) from error
    return [line.rstrip("\r") for line in text.split("\n") if line.strip()]
