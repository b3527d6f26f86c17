"""A command line becomes the fields of a command's dataclass; what is wrong with it is said in one line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ufm.support.nearest_name import nearest
from verify.cli.argument_parser import CommandLineError, is_flag, parsers
from verify.cli.flags import Flag, flags_of, paths_read
from verify.cli.switches import LONG

Values = dict[tuple[str, ...], Any]


def parsed(kind: type[Any], words: Sequence[str]) -> Any:
    """The command's object.

    Raises CommandLineError: an unknown flag with the nearest there is; a value of the wrong type; one that is
    missing; a file that is not there while one of nearly its name is.
    """
    flags = list(flags_of(kind))
    named, placed = parsers(flags)
    found, rest = named.known(words)
    if slip := next(filter(is_flag, rest), ""):
        raise _unknown(slip.partition("=")[0], flags)
    more, rest = placed.known(rest)
    if rest:
        raise CommandLineError(f"{rest[0]!r} is one word too many")
    values = {tuple(field.split(".")): _tuple(value) for field, value in (found | more).items()}
    for flag in flags:
        if flag.required and flag.path not in values:
            raise CommandLineError(f"{flag.name} is missing")
    for name, path in paths_read(flags, values):
        _require_there(name, path)
    return _made(kind, values)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _unknown(name: str, flags: Sequence[Flag]) -> CommandLineError:
    names = [flag.name for flag in flags if not flag.told.positional] + [*LONG]
    meant = nearest(name, names)
    return CommandLineError(f"there is no option {name}" + (f"; did you mean {meant}?" if meant else ""))


def _require_there(flag: str, path: Path) -> None:
    """Whoever reads the file says what is wrong with it; a slip of the pen is answered here."""
    folder = path.parent
    if path.exists() or not folder.is_dir():
        return
    there = sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))
    if meant := difflib.get_close_matches(path.name, there, n=1, cutoff=0.75):
        raise CommandLineError(f"{flag}: there is no file {str(path)!r}; did you mean {str(folder / meant[0])!r}?")


def _made(kind: type[Any], values: Values) -> Any:
    """The object; what it holds is changed from its default."""
    here, inner = _split(values)
    defaults = {one.name: one.default_factory for one in fields(kind)}
    return kind(**here, **{name: _changed(defaults[name](), below) for name, below in inner.items()})  # type: ignore[operator]


def _changed(default: Any, values: Values) -> Any:
    here, inner = _split(values)
    here |= {name: _changed(getattr(default, name), below) for name, below in inner.items()}
    return {**default, **here} if isinstance(default, dict) else replace(default, **here)


def _split(values: Values) -> tuple[dict[str, Any], dict[str, Values]]:
    """Of the fields here, and of those further in."""
    inner: dict[str, Values] = {}
    for path, value in values.items():
        if len(path) > 1:
            inner.setdefault(path[0], {})[path[1:]] = value
    return {path[0]: value for path, value in values.items() if len(path) == 1}, inner
