"""Ctrl-C and SIGTERM, handled between steps."""

from __future__ import annotations

import gc
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While entered in the main thread, the first Ctrl-C or SIGTERM is kept in ``received``; a second one raises
    KeyboardInterrupt.

    at_once  the first one raises KeyboardInterrupt as well, but within a callback of the garbage collector, where
             Python drops exceptions: whoever works asks ``pending``, or calls ``check``, between steps

    A signal that is ignored (a background job's) stays ignored, and the handlers there were are restored on leaving.
    What was received is then passed on: to an Interrupt around this one, silently; a SIGTERM else to the handler there
    was, by default the end of the process, unless ``answered``.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once = at_once
        self.received: int | None = None
        self.previous: dict[int, Any] = {}

    @property
    def pending(self) -> bool:
        """Whether a signal has come."""
        return self.received is not None

    def check(self) -> None:
        """Raises KeyboardInterrupt if a signal has come."""
        if self.pending:
            raise KeyboardInterrupt

    def answered(self) -> int | None:
        """Returns the received signal, which is then not passed on."""
        received, self.received = self.received, None
        return received

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if handler is not None and handler != signal.SIG_IGN:
                    self.previous[number] = handler
                    signal.signal(number, self._receive)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)
        if self.received is None:
            return
        outer = getattr(self.previous.get(self.received), "__self__", None)
        if isinstance(outer, Interrupt):
            outer.received = self.received
        elif self.received == signal.SIGTERM:
            signal.raise_signal(signal.SIGTERM)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        again, self.received = self.pending, number
        if again or (self.at_once and not _collecting(frame)):
            raise KeyboardInterrupt


def _collecting(frame: FrameType | None) -> bool:
    """Whether a callback of the garbage collector is running, such as Hypothesis'."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        if frame.f_code in callbacks:
            return True
        frame = frame.f_back
    return False
