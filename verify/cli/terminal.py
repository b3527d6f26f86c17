"""A command's messages on standard output: its result, what it did, and what to do next."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from verify.cli.verbosity import quiet

if TYPE_CHECKING:
    from rich.status import Status

NARROWEST = 20
_NAMED = re.compile(r"(\s*\S.*?\s{2,})\S")  # a name, and its value beside it


class Terminal:
    """Prints lines folded at the terminal's width, or unfolded if the width is unknown.

    speaks  of several processes the first one does
    data    what is printed may be read by a program, as a list or Markdown is: the rest goes to standard error, and
            lines are folded in a real terminal only
    """

    def __init__(self, speaks: bool = True, data: bool = False) -> None:
        self.speaks, self.data = speaks, data

    def result(self, told: object) -> None:
        """Prints the result; -q prints it too."""
        if self.speaks:
            width = None if self.data and not sys.stdout.isatty() else columns()
            print(fitted(_at(width, told), width))

    def tell(self, told: object) -> None:
        """Prints other messages; -q leaves them out."""
        if not quiet.get():
            self.result(told)

    def written(self, word: str, path: Path) -> None:
        """``saved: PATH``, never folded: it may be copied."""
        if self.speaks and not quiet.get():
            print(f"{word}: {path}", file=self._aside())

    def then(self, *commands: str) -> None:
        """Prints what to do next, on the last line, never folded either."""
        if self.speaks and not quiet.get():
            print(f"next: {', or '.join(commands)}", file=self._aside())

    def _aside(self) -> TextIO:
        return sys.stderr if self.data else sys.stdout

    @contextmanager
    def status(self, doing: str) -> Iterator[Status]:
        """A status line while nothing else is printed; nothing if output is not a terminal."""
        from rich.console import Console

        with Console(quiet=quiet.get() or not self.speaks).status(doing) as status:
            yield status


def _at(width: int | None, told: object) -> str:
    """The text of an object, with tables laid out for that width."""
    if isinstance(told, str):
        return told
    from ufm.support.display import line_width

    token = line_width.set(width)
    try:
        return str(told)
    finally:
        line_width.reset(token)


def columns() -> int | None:
    """The width from COLUMNS or the terminal; None for a file or a pipe, which takes lines of any length."""
    if not os.environ.get("COLUMNS", "").isdecimal() and not sys.stdout.isatty():
        return None
    return max(NARROWEST, shutil.get_terminal_size().columns)


def fitted(text: str, width: int | None) -> str:
    """Folds every line to ``width``, except for longer words; continuations are indented under the value."""
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _folded(line, width))


def _folded(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    named = _NAMED.match(line)
    indent = len(line) - len(line.lstrip())
    below = named.end() - 1 if named and named.end() - 1 <= width // 2 else indent + 4
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * min(below, width // 2),
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def shell_words(*words: Any) -> str:
    """A command line that can be copied and run."""
    import shlex

    return shlex.join(map(str, words))
