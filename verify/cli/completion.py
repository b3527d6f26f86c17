"""Scripts that complete commands and flags, written by shtab from the parsers of all commands."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping

import shtab

from verify.cli.argument_parser import Parser, parsers
from verify.cli.flags import flags_of
from verify.cli.page import Command
from verify.cli.switches import about_itself, switches


def script(shell: str, table: Mapping[str, Command]) -> str:
    """For the shell to read at its start."""
    program = ArgumentParser("ufm", parents=[_offering(about_itself())], add_help=False)
    commands = program.add_subparsers()
    for name, command in table.items():
        named, placed = parsers(list(flags_of(command.load())))
        parents = [_offering(named), switches(), _offering(placed)]
        commands.add_parser(name, help=command.line, parents=parents, add_help=False)
    return f"{shtab.complete(program, shell)}\n"


def _offering(parser: Parser) -> Parser:
    """Names and files, which the reading of a command line leaves to the types of flags."""
    for flag, action in parser.valued.values():
        action.choices = flag.choices or None
        if flag.reads_a_path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return parser
