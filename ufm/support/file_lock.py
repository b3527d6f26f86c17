"""One process, and one thread of it, at a time writes a file or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def locked(lock_file: Path, refusal: str) -> Iterator[None]:
    """What the lock file stands for is the caller's own until the end; ValueError(refusal) where it is another's.

    The lock is the system's: it ends with the process, however that ends. The file stays, empty, since removing it
    could let two in.
    """
    lock = FileLock(lock_file, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(refusal) from None
    try:
        yield
    finally:
        lock.release()
