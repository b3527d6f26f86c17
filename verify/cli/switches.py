"""What every command can be told, and what the program can be told of itself."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Literal

from verify.cli.argument_parser import Parser
from verify.cli.flag_types import flag_type
from verify.cli.flags import Flag, Told

SWITCHES = {
    "-h, --help": "Print this page and stop.",
    "-v, --verbose": "Say on standard error what is read, solved and written; -vv every step of the solvers.",
    "-q, --quiet": "Print the result and errors only.",
}
COMPLETION = Flag(
    ("print_completion",),
    flag_type(Literal["bash", "zsh", "fish", "tcsh", "powershell"]),
    MISSING,
    "Print a script that completes commands and options, for the shell to read.",
    told=Told(shown="bash|zsh|fish|tcsh|powershell"),
)
ABOUT_ITSELF = {
    "--version": "Print the version and stop.",
    f"{COMPLETION.name} {COMPLETION.shown}": COMPLETION.help,
}
LONG = ("--help", "--verbose", "--quiet", "--version", COMPLETION.name)


def switches() -> Parser:
    """Of every command."""
    parser = Parser()
    for names, words in SWITCHES.items():
        action = "count" if "--verbose" in names else "store_true"
        parser.add_argument(*names.split(", "), action=action, help=words)
    return parser


def about_itself() -> Parser:
    """Of the program, those of every command among them."""
    parser = switches()
    parser.add_argument("--version", action="store_true", help=ABOUT_ITSELF["--version"])
    parser.take(COMPLETION)
    return parser
