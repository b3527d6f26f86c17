"""Verbosity: ``-q`` prints the result and errors, ``-v`` also what is read, solved and written, ``-vv`` each step."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ROOTS = ("ufm", "theory", "verify", "ufm_networks")  # of the packages' loggers
quiet: ContextVar[bool] = ContextVar("quiet", default=False)


class _OnStandardError(logging.Handler):
    """Writes to the current standard error, not the one at start-up, since a progress bar may replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a record as one line."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


@contextmanager
def said(verbose: int, silent: bool) -> Iterator[None]:
    """Lets the packages' loggers write to standard error: warnings, with 1 information, with 2 details."""
    level = logging.ERROR if silent else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = _OnStandardError()
    handler.setFormatter(logging.Formatter("%(message)s"))
    loggers = [logging.getLogger(name) for name in ROOTS]
    before = [logger.level for logger in loggers]
    token = quiet.set(silent)
    for logger in loggers:
        logger.setLevel(level)
        logger.addHandler(handler)
    try:
        yield
    finally:
        quiet.reset(token)
        for logger, earlier in zip(loggers, before, strict=True):
            logger.setLevel(earlier)
            logger.removeHandler(handler)
