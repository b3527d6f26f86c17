"""Checks before the work whether results can be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def require_file(path: str | Path, what: str = "path", example: str = "result.json") -> Path:
    """Returns the path if a file can be written there; the trial leaves nothing behind.

    what     the argument or flag that named it; example: a valid name
    Raises ValueError if it is a folder, a device or a pipe, FileNotFoundError if its folder is missing, OSError
    if its folder or the file system takes no file of that name.
    """
    target = require_target(path, what, example)
    _try(target.parent, f"{what}={str(path)!r}")
    return Path(path)


def require_target(path: str | Path, what: str = "path", example: str = "result.json") -> Path:
    """``require_file`` without a trial; the file to replace, at the end of all symbolic links."""
    named = f"{what}={str(path)!r}"
    try:
        target = Path(os.path.realpath(path))
        there = target.exists()
    except (OSError, ValueError) as error:  # too long; a null byte
        raise ValueError(f"{named} cannot be a file's name ({getattr(error, 'strerror', None) or error})") from None
    if target.is_dir():
        raise ValueError(f"{named} is a folder; name a file, such as {example!r}")
    if there and not target.is_file():
        raise ValueError(f"{named} is not a regular file, and would be replaced; name another")
    if not target.parent.is_dir():
        missing = target.parent if os.path.islink(path) else Path(path).parent
        raise FileNotFoundError(f"{named}: there is no folder {str(missing)!r}; make it first")
    return target


def open_folder(folder: str | Path, *files: str, what: str = "folder") -> Path:
    """The folder, created with its parents if absent.

    files  relative names of files, or with a final "/" of folders, that will be written there
    NotADirectoryError names the path where a file is in the way, ValueError if a folder is, OSError the folder where
    nothing can be written.
    """
    path, named = Path(folder), f"{what}={str(folder)!r}"
    try:
        for part in (path, *path.parents):
            if part.exists() and not part.is_dir():
                raise NotADirectoryError(f"{named}: {str(part)!r} is a file; name a folder")
        path.mkdir(parents=True, exist_ok=True)
    except NotADirectoryError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OSError(f"{named} cannot be written to ({reason}); name another") from None
    _try(path, named)
    for name in files:
        if not name.endswith("/"):
            require_target(path / name, what)
        elif (path / name).exists() or (path / name).is_symlink():
            open_folder(path / name, what=what)
    return path


def _try(folder: Path, named: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"{named} cannot be written to ({error.strerror}); name another place") from error
