"""The command line ``ufm``: a table of commands; only the chosen one is imported."""

from __future__ import annotations

import difflib
import signal
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from ufm.support.interrupt import Interrupt
from ufm.support.nearest_name import nearest
from verify.cli.argument_parser import CommandLineError, is_flag
from verify.cli.page import Command
from verify.cli.parsing import parsed
from verify.cli.streams import safe_streams
from verify.cli.switches import LONG, about_itself
from verify.cli.verbosity import said

INTERRUPTED, TERMINATED = 130, 143
Commands = Mapping[str, Command]


def own_commands() -> Commands:
    """The commands that do not need networks."""
    from verify.cli.commands import COMMANDS

    return COMMANDS


def main(commands: Callable[[], Commands] = own_commands) -> None:
    """Runs the command named on the command line, from the table that ``commands`` returns.

    Exit status 0: every check passed; 1: one failed; 2: bad input, or a result that could not be written; 130: Ctrl-C;
    143: SIGTERM.
    """
    try:
        with safe_streams():
            status, word = _run(commands)
            if word:
                _say(word, YELLOW)
    except OSError as error:  # standard output, at the very end; standard error may be no better
        with safe_streams():
            _say(f"ufm: {error}", RED)
        status = 2
    sys.exit(status)


def _run(commands: Callable[[], Commands]) -> tuple[int, str]:
    """Runs the command; returns the exit status, with a message if something ended the work early."""
    try:
        return _answered(commands(), sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED, "interrupted"
    except (CommandLineError, ValueError, TypeError, OSError, MemoryError, ModuleNotFoundError, RuntimeError) as error:
        _say(f"ufm: {error}", RED)
        return 2, ""


def _answered(table: Commands, words: list[str]) -> tuple[int, str]:
    own, rest = about_itself().known(words)
    if rest[:1] == ["help"]:  # ufm help solve
        rest, own["help"] = rest[1:], True
    if own.keys() & {"version", "print_completion"} or not rest:
        return _about_itself(table, own), ""
    name = rest[0]
    if name not in table:
        raise _no_command(name, table)
    kind = table[name].load()
    if "help" in own:
        from verify.cli.help_pages import help_page, width

        print(help_page(name, kind, width()), end="")
        return 0, ""
    if own.keys() >= {"quiet", "verbose"}:
        raise CommandLineError("-q and -v contradict each other; leave one out")
    try:
        command = parsed(kind, rest[1:])
    except CommandLineError as error:
        example = next(iter(kind.page.examples))[0]
        raise CommandLineError(f"{error}\nufm {name} --help explains it; an example: {example}") from None
    with said(own.get("verbose", 0), "quiet" in own):
        for module in table[name].work:
            import_module(module)
        with Interrupt(at_once=True) as interrupt:
            try:
                status, word = command.run(), ""
            except KeyboardInterrupt:
                status, word = INTERRUPTED, "interrupted"
            return (TERMINATED, "terminated") if interrupt.answered() == signal.SIGTERM else (status, word)


def _about_itself(table: Commands, own: dict[str, Any]) -> int:
    """``ufm``, ``ufm --help``, ``ufm --version``, ``ufm --print-completion SHELL``."""
    if "print_completion" in own:
        from verify.cli.completion import script

        print(script(own["print_completion"], table), end="")
    elif "version" in own:
        import ufm

        print(f"ufm {ufm.__version__}")
    else:
        from verify.cli.help_pages import overview, width

        print(overview(table, width()), end="", file=sys.stdout if "help" in own else sys.stderr)
    return 2 if not own.keys() & {"print_completion", "version", "help"} else 0


def _no_command(name: str, table: Commands) -> CommandLineError:
    if is_flag(name) and (meant := difflib.get_close_matches(name, LONG, n=1, cutoff=0.7)):
        return CommandLineError(f"there is no option {name}; did you mean {meant[0]}?\nufm --help lists them")
    if is_flag(name):
        return CommandLineError(
            f"the command comes before {name}: ufm COMMAND [OPTIONS]\nufm --help lists the commands"
        )
    near = nearest(name, table)
    return CommandLineError(
        f"no command {name!r}" + (f"; did you mean {near!r}?" if near else "") + "\nufm --help lists the commands"
    )


RED, YELLOW = 31, 33


def _say(text: str, colour: int) -> None:
    """Prints on standard error, in colour if it is a terminal."""
    from verify.cli.colours import coloured

    print(coloured(text, colour, sys.stderr), file=sys.stderr)
