"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path to write to, which becomes ``path`` at the end.

    After a failure or an interrupt ``path`` is as it was and the temporary file gone. A kill leaves both; the next
    write takes the temporary file's place.
    OSError, naming ``path`` and the reason, where it cannot be written: a disk that is full, a folder in its place.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"{str(path)!r} cannot be written ({_reason(error)}); what was there is kept. Once it can be, the same "
            "command goes on from the last checkpoint"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    """PyTorch tells of a full disk by positions in its archive; the system's error stands behind."""
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OSError) and cause.strerror):
        cause = cause.__cause__ or cause.__context__
    return str(getattr(cause, "strerror", error))
