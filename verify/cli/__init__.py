"""The command line ``ufm``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console


def own_commands() -> dict[str, Any]:
    """Those that know no network."""
    from verify.cli.commands import COMMANDS

    return COMMANDS


def main(commands: Callable[[], dict[str, Any]] = own_commands) -> None:
    """Runs the subcommand that the command line names; ``commands`` imports them.

    Exit status 0: every check passed; 1: one failed; 2: bad input; 130: Ctrl-C.
    """
    errors = Console(stderr=True, highlight=False)
    try:
        import tyro

        command = tyro.extras.subcommand_cli_from_dict(
            commands(), prog="ufm", description=__doc__, config=(tyro.conf.OmitArgPrefixes,)
        )
        status = command.run()
    except KeyboardInterrupt:
        errors.print("interrupted", style="yellow")
        status = 130
    except (ValueError, TypeError, OSError, MemoryError, ModuleNotFoundError, RuntimeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "tyro":
            error = ModuleNotFoundError("the command line needs tyro: pip install 'ufm-toolkit[cli]'")
        errors.print(f"ufm: {error}", style="red", markup=False, soft_wrap=True)
        status = 2
    sys.exit(status)
