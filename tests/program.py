"""The program ``ufm``, run in the test's own process."""

from __future__ import annotations

import signal
import sys

import pytest

from ufm_command import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of ``ufm ARGUMENTS``; Ctrl-C is pytest's again afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(sys, "argv", ["ufm", *map(str, arguments)])
    try:
        with pytest.raises(SystemExit) as end:
            main()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return int(end.value.code or 0)
