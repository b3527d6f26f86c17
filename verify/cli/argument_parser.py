"""Flags as argparse reads them, its errors in the words of this program."""

from __future__ import annotations

import re
from argparse import SUPPRESS, Action, ArgumentError, ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from verify.cli.flags import Flag

_NUMBER = re.compile(r"-(\d|\.\d|inf$|nan$)")


class CommandLineError(Exception):
    """A command line that says nothing a command could do; the message is for its writer.

    No ValueError, in whose place argparse would put a message of its own.
    """


class Parser(ArgumentParser):
    """Takes what it knows out of a command line, wherever it stands, and leaves the rest."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False, exit_on_error=False, argument_default=SUPPRESS)
        self._negative_number_matcher = _NUMBER  # values too: argparse's own knows no -inf, and in Python 3.11 no -1e-3
        self.valued: dict[str, tuple[Flag, Action]] = {}

    def take(self, flag: Flag, off: str = "") -> None:
        """``off`` is the name that turns a switch off again."""
        field = ".".join(flag.path)
        words = flag.help.split(". ")[0].rstrip(".").replace("%", "%%")  # a completion's; pages have the whole help
        if flag.type is None:
            self.add_argument(flag.name, dest=field, action="store_true", help=words)
            if off:  # not offered where nothing is on
                hidden = SUPPRESS if flag.default is False else words
                self.add_argument(off, dest=field, action="store_false", help=hidden)
            return
        told: dict[str, Any] = {"type": _reader(flag), "metavar": flag.shown, "help": words}
        if flag.told.positional:
            action = self.add_argument(field, nargs="*" if flag.type.many else "?", default=None, **told)
        elif flag.told.again:
            action = self.add_argument(flag.name, dest=field, action="append", **told)
        else:
            action = self.add_argument(flag.name, dest=field, nargs="+" if flag.type.many else None, **told)
        self.valued[flag.name] = flag, action

    def known(self, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Values by field, and the words that are left; CommandLineError where a value is missing or one too many."""
        try:
            found, rest = self.parse_known_args([_plain(word) for word in words])
        except ArgumentError as error:
            name = str(error.argument_name)
            if name in self.valued:
                raise CommandLineError(f"{name} takes a value: {name} {self.valued[name][0].shown}") from None
            given = next((f", got {word.partition('=')[2]!r}" for word in words if word.startswith(f"{name}=")), "")
            raise CommandLineError(f"{name} takes no value{given}") from None
        return {field: value for field, value in vars(found).items() if value not in (None, [])}, rest


def parsers(flags: Sequence[Flag]) -> tuple[Parser, Parser]:
    """Of flags, and of positional arguments."""
    named, placed = Parser(), Parser()
    names = {flag.name for flag in flags}
    for flag in flags:
        off = f"--no-{flag.name[2:]}"
        (placed if flag.told.positional else named).take(flag, "" if off in names else off)
    return named, placed


def is_flag(word: str) -> bool:
    """Whether it begins with a dash and is no number."""
    return word.startswith("-") and len(word) > 1 and not _NUMBER.match(word)


def _plain(word: str) -> str:
    """--lambda_H=1 is --lambda-H=1."""
    name, equals, value = word.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if word.startswith("--") else word


def _reader(flag: Flag) -> Callable[[str], Any]:
    assert flag.type is not None
    read = flag.type.read

    def value(word: str) -> Any:
        try:
            return read(flag.name, word)
        except ValueError as error:
            raise CommandLineError(str(error)) from None

    return value
