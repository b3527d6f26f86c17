"""Help as text that keeps to the terminal's width."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from verify.cli.flags import Flag, flags_of
from verify.cli.groups import ORDER
from verify.cli.page import Command, Page
from verify.cli.switches import ABOUT_ITSELF, SWITCHES

WIDEST = 100  # longer lines are hard to read
STACKED = 60  # columns below which a flag has a line of its own
COLUMN = 26  # where words begin beside a flag


def width() -> int:
    """Of help pages: that of COLUMNS, of the terminal, or 80, and 100 at most."""
    return max(20, min(shutil.get_terminal_size().columns, WIDEST))


def overview(commands: Mapping[str, Command], columns: int) -> str:
    """The top page: what there is, in groups, a line each."""
    lines = [
        *_folded("Usage: ufm COMMAND [OPTIONS]", columns, 4),
        "",
        *_folded("Unconstrained feature models of multi-task neural collapse: solve, certify, compare.", columns),
    ]
    for group in ORDER:
        inside = [(name, command.line) for name, command in commands.items() if command.group == group]
        if inside:
            lines += ["", *_folded(group, columns, 2), *_entries(inside, columns, 14)]
    lines += ["", "Options", *_entries((SWITCHES | ABOUT_ITSELF).items(), columns, COLUMN)]
    lines += ["", "Examples"]
    lines += _example("ufm verify", "Put every theorem to the test and write a report.", columns)
    lines += _example("ufm solve --classes 3 3 --samples 10", "Solve one problem and certify its minimum.", columns)
    lines += ["", *_folded("ufm COMMAND --help explains a command, with examples.", columns)]
    return "\n".join(lines) + "\n"


def help_page(name: str, kind: type[Any], columns: int) -> str:
    """Of one command: usage, what it does, its flags in groups, time, files, exit status, examples."""
    flags = list(flags_of(kind))
    page: Page = kind.page
    positional = [flag for flag in flags if flag.told.positional]
    words = " ".join(_word(flag) if flag.required else f"[{_word(flag)}]" for flag in positional)
    usage = " ".join(filter(None, ("Usage: ufm", name, words, "[OPTIONS]")))
    lines = [*_folded(usage, columns, 4)]
    for paragraph in textwrap.dedent(" " * 4 + (kind.__doc__ or "")).strip().split("\n\n"):
        lines += ["", *_folded(" ".join(paragraph.split()), columns)]
    for title, entries in _groups(flags, page):
        lines += ["", *_folded(title, columns), *_entries(entries, columns, COLUMN)]
    lines += ["", "Output", *_entries(SWITCHES.items(), columns, COLUMN), ""]
    for label, text in (("Takes", page.takes), ("Writes", page.writes), ("Exit status", page.status)):
        lines += _folded(f"{label}: {text}", columns, 4)
    lines += ["", "Examples"]
    for command, what in page.examples:
        lines += _example(command, what, columns)
    return "\n".join(lines) + "\n"


def _groups(flags: Sequence[Flag], page: Page) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Positional arguments, the command's own flags, and those of every group."""
    titles: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    own: dict[tuple[str, ...], str] = {(name,): title for title, names in page.groups for name in names}
    for flag in flags:
        group = flag.group or own.get(flag.path) or ("Arguments" if flag.told.positional else "Options")
        left = _word(flag) if flag.told.positional else f"{flag.name} {flag.shown}".rstrip()
        if flag.type is None and flag.default is not False:  # off where it would be on
            left += f", --no-{flag.name[2:]}"
        titles.setdefault(group, []).append((left, f"{flag.help}{_default_in_words(flag)}"))
    return ((title, entries) for title, entries in titles.items() if entries)


def _word(flag: Flag) -> str:
    return f"{flag.name} …" if flag.type is not None and flag.type.many else flag.name


def _default_in_words(flag: Flag) -> str:
    """Where the help does not tell it in words of its own."""
    if "efault" in flag.help or flag.type is None:
        return ""
    if flag.required:
        return " Required."
    if flag.default in (None, (), ""):
        return ""
    return f" Default: {_spelled(flag.default)}."


def _spelled(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}".replace("0.0005", "5e-4")
    return str(value)


def _entries(entries: Iterable[tuple[str, str]], columns: int, column: int) -> list[str]:
    """Names on the left and words beside them; in a narrow terminal below them."""
    lines = []
    for name, words in entries:
        if columns < STACKED:
            lines += [*_folded(name, columns, 6, 2), *_folded(words, columns, 6, 6)]
            continue
        beside = textwrap.wrap(words, columns - column, break_long_words=False, break_on_hyphens=False) or [""]
        if len(name) + 4 > column:
            lines.append(f"  {name}")
        else:
            lines.append(f"  {name:<{column - 2}}{beside.pop(0)}".rstrip())
        lines += [" " * column + line for line in beside]
    return lines


def _example(command: str, what: str, columns: int) -> list[str]:
    """The command, continued as a shell continues a line, flags beside their values; and what it does."""
    lines: list[str] = []
    for part in re.split(r" (?=--[a-zA-Z])", command):
        if lines and len(lines[-1]) + len(part) + 3 <= columns:
            lines[-1] += f" {part}"
        else:
            lines += _folded(part, columns - 2, 6, 6 if lines else 2)
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1], *_folded(what, columns, 6, 6)]


def _folded(text: str, columns: int, hanging: int = 0, first: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        columns,
        initial_indent=" " * first,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
