"""The program ``ufm``: Ctrl-C and SIGTERM are answered from the first import on, with a word and status 130 or 143.

Importing what a command works with takes seconds, of PyTorch mostly, and there is nothing to keep yet: the process ends
at once, since an exception thrown into the initialization of a C++ library would abort it. This file imports nothing
large before it listens. Once the command works, ``verify.cli.main`` answers.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.cli.page import Command

_WORDS = {signal.SIGINT: b"interrupted\n", signal.SIGTERM: b"terminated\n"}


def _leave(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, _WORDS[signal.Signals(number)])
    finally:
        os._exit(128 + number)


def _commands() -> dict[str, Command]:
    """Those of the theory and those of networks: neither package knows the other's."""
    from ufm_networks.cli import COMMANDS as NETWORKS
    from verify.cli.commands import COMMANDS

    return COMMANDS | NETWORKS


def main() -> None:
    """Entry point of the console script."""
    before = {number: signal.getsignal(number) for number in _WORDS}
    for number, handler in before.items():
        if handler in (signal.SIG_DFL, signal.default_int_handler):  # what is ignored stays ignored
            signal.signal(number, _leave)
    try:
        from verify.cli import main as run

        run(_commands)
    except KeyboardInterrupt:
        _leave(signal.SIGINT, None)
