"""The parts of a command's help page besides its flags."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Page:
    """takes     how long it takes, in words
    writes    what it writes, and where
    examples  command lines, each with what it does
    status    exit statuses and their meaning
    groups    titles of groups of the command's own flags, with the fields in each; the others are its options
    """

    takes: str
    writes: str
    examples: tuple[tuple[str, str], ...]
    status: str = "0: done; 2: bad input"
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Command:
    """A line of the table of commands; the module with its flags is imported when the command is chosen.

    work  modules imported before it runs, while Ctrl-C still ends the process at once: thrown into the initialization
          of a C++ library, an exception would abort it
    """

    group: str
    line: str
    module: str
    kind: str
    work: tuple[str, ...] = ("torch",)

    def load(self) -> type[Any]:
        """Imports the dataclass whose fields are the flags, with ``page`` and ``run``."""
        loaded: type[Any] = getattr(import_module(self.module), self.kind)
        return loaded
