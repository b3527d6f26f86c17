"""The program ``ufm``: Ctrl-C is heard from the first import on.

``verify.cli.main`` answers it with a word and status 130, but importing ``verify`` takes seconds, of PyTorch mostly.
This file imports nothing before it listens.
"""

from __future__ import annotations

from typing import Any


def _commands() -> dict[str, Any]:
    """Those of the theory and those of networks: neither package knows the other's."""
    from ufm_networks.cli import COMMANDS as NETWORKS
    from verify.cli.commands import COMMANDS

    return COMMANDS | NETWORKS


def main() -> None:
    """Entry point of the console script."""
    try:
        from verify.cli import main as run

        run(_commands)
    except KeyboardInterrupt:
        import sys

        sys.stderr.write("interrupted\n")
        sys.exit(130)
