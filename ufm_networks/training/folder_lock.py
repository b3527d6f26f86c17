"""A lock with which one process at a time trains into a folder."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from ufm.support.file_lock import locked as file_locked

LOCK = ".lock"


def require_folder(path: Path) -> None:
    """Raises ValueError or PermissionError, naming what is in the way, if a folder cannot be made or written to."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (ValueError, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else error  # too long, or with a null character
        raise ValueError(f"output={str(path)!r} cannot be the name of a folder: {said}; name another") from None
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ValueError(f"output={str(path)!r}: {str(there)!r} is a file, not a folder; name another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f"output={str(path)!r}: {str(there)!r} cannot be written to; name another")


def locked(path: Path) -> AbstractContextManager[None]:
    """Locks the folder by its file ``.lock`` until the end; raises ValueError if another process has it."""
    return file_locked(
        path / LOCK,
        f"output={str(path)!r}: another process trains into this folder now; wait for it, or name another",
    )
