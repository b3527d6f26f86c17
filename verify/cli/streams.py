"""Standard output and error that accept any text and survive a closed pipe."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from verify.cli import plain_symbols


class _Stream:
    """A text stream that drops its output once its reader is gone or writing fails.

    A reader that closes early, such as ``head``, is not an error. Any other failure, such as a full disk, is kept in
    ``lost``.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                self.lost = error


@contextmanager
def safe_streams() -> Iterator[None]:
    """While entered, symbols that the streams' encodings lack are spelled out, and neither stream ends the work.

    Raises OSError at the end where standard output could not be written.
    """
    plain_symbols.register()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _safe(before[0]), _safe(before[1])
    output = sys.stdout
    try:
        yield
    finally:
        for stream in (sys.stderr, sys.stdout):
            stream.flush()
        for stream, earlier in zip((sys.stdout, sys.stderr), before, strict=True):
            if earlier is None:
                stream.close()
        sys.stdout, sys.stderr = before
    lost = getattr(output, "lost", None)
    if lost is not None:
        raise OSError(f"standard output cannot be written to ({lost.strerror})") from lost


def _safe(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed before the program began
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=plain_symbols.NAME)
    return cast(TextIO, _Stream(stream))
