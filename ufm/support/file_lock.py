"""Locks: one thread of one process at a time writes a file or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def locked(lock_file: Path, refusal: str) -> Iterator[None]:
    """Holds the lock until the end of the context; raises ValueError(refusal) if another has it.

    The operating system releases the lock when the process ends, however that happens. The empty file stays, since
    removing it could let two processes in.
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
