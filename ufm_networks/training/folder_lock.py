"""One process at a time trains into a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def require_folder(path: Path) -> None:
    """ValueError or PermissionError, naming what is in the way, where a folder cannot be made or written to."""
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ValueError(f"output={str(path)!r}: {str(there)!r} is a file, not a folder; name another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f"output={str(path)!r}: {str(there)!r} cannot be written to; name another")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The folder is this process's own until the end; ValueError where it is another's.

    The lock is the system's, on the folder itself: it ends with the process, however that ends, and leaves no file.
    Where the system or the file system has no locks, nobody is kept out.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"output={str(path)!r}: another process trains into this folder now; wait for it, or name another"
            ) from None
        except OSError:  # such as a network file system that was mounted without locks
            pass
        yield
    finally:
        os.close(descriptor)
