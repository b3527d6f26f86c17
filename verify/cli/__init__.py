"""The command line ``ufm``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console

from ufm.support.interrupt import Interrupt
from verify.cli.streams import safe_streams

INTERRUPTED, TERMINATED = 130, 143


def own_commands() -> dict[str, Any]:
    """Those that know no network."""
    from verify.cli.commands import COMMANDS

    return COMMANDS


def main(commands: Callable[[], dict[str, Any]] = own_commands) -> None:
    """Runs the subcommand that the command line names; ``commands`` imports them.

    Exit status 0: every check passed; 1: one failed; 2: bad input, or a result that could not be written; 130: Ctrl-C;
    143: SIGTERM.
    """
    try:
        with safe_streams():
            status, word = _run(commands)
            if word:
                _say(word, "yellow")
    except OSError as error:  # standard output, at the very end; standard error may be no better
        with safe_streams():
            _say(f"ufm: {error}", "red")
        status = 2
    sys.exit(status)


def _run(commands: Callable[[], dict[str, Any]]) -> tuple[int, str]:
    """The exit status, and a word on what ended the work."""
    try:
        import tyro

        command = tyro.extras.subcommand_cli_from_dict(
            commands(), prog="ufm", description=__doc__, config=(tyro.conf.OmitArgPrefixes,)
        )
        with Interrupt(at_once=True) as interrupt:
            try:
                status, word = command.run(), ""
            except KeyboardInterrupt:
                status, word = INTERRUPTED, "interrupted"
            return (TERMINATED, "terminated") if interrupt.answered() == signal.SIGTERM else (status, word)
    except KeyboardInterrupt:
        return INTERRUPTED, "interrupted"
    except (ValueError, TypeError, OSError, MemoryError, ModuleNotFoundError, RuntimeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "tyro":
            error = ModuleNotFoundError("the command line needs tyro: pip install 'ufm-toolkit[cli]'")
        _say(f"ufm: {error}", "red")
        return 2, ""


def _say(line: str, style: str) -> None:
    Console(stderr=True, highlight=False).print(line, style=style, markup=False, soft_wrap=True)
