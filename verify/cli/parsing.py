"""A command line read: words into the fields of a command's dataclass, and what is wrong with them in one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ufm.support.nearest_name import nearest
from verify.cli.flags import Flag, flags_of, paths_read

_NUMBER = re.compile(r"-(\d|\.\d|inf$|nan$)")
Values = dict[tuple[str, ...], Any]


class CommandLineError(ValueError):
    """A command line that says nothing a command could do; the message is for its writer."""


def parsed(kind: type[Any], words: Sequence[str], switches: dict[str, str] | None = None) -> tuple[Any, set[str]]:
    """The command's object, and which of ``switches`` (spelling → name) were among the words.

    Raises CommandLineError: an unknown flag with the nearest there is; a value of the wrong type; one that is
    missing; a file that is not there while one of nearly its name is.
    """
    flags = list(flags_of(kind))
    values, given = _values(flags, words, switches or {})
    for flag in flags:
        if flag.required and flag.path not in values:
            raise CommandLineError(f"{flag.name} is missing")
    for name, path in paths_read(flags, values):
        _require_there(name, path)
    return _made(kind, values), given


def _values(flags: Sequence[Flag], words: Sequence[str], switches: dict[str, str]) -> tuple[Values, set[str]]:
    by_name = {_plain(flag.name): flag for flag in flags if not flag.told.positional}
    waiting = [flag for flag in flags if flag.told.positional]
    values: Values = {}
    given: set[str] = set()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in switches:
            given.add(switches[word])
        elif not is_flag(word):
            _place(waiting, word, values)
        else:
            name, equals, value = word.partition("=")
            off = name.startswith("--no-") and name not in by_name
            flag = by_name.get(_plain(name.replace("--no-", "--", 1) if off else name))
            if flag is None or (off and flag.type is not None):
                raise _unknown(name, flags, switches)
            if flag.type is None:
                if equals:
                    raise CommandLineError(f"{flag.name} takes no value, got {value!r}")
                values[flag.path] = not off
                continue
            taken = [value] if equals else _taken(rest, flag)
            read = [_read(flag, one) for one in taken]
            earlier = values.get(flag.path, ()) if flag.told.again else ()
            values[flag.path] = (*earlier, *read) if flag.type.many else read[0]
    return values, given


def is_flag(word: str) -> bool:
    """Whether it begins with a dash and is no number."""
    return word.startswith("-") and len(word) > 1 and not _NUMBER.match(word)


def _plain(name: str) -> str:
    """--lambda_H is --lambda-H."""
    return name.replace("_", "-")


def _taken(rest: list[str], flag: Flag) -> list[str]:
    """The words after a flag that are its values."""
    assert flag.type is not None
    most = len(rest) if flag.type.many and not flag.told.again else 1
    taken: list[str] = []
    while rest and len(taken) < most and not is_flag(rest[0]):
        taken.append(rest.pop(0))
    if not taken:
        raise CommandLineError(f"{flag.name} takes a value: {flag.name} {flag.shown}")
    return taken


def _place(waiting: list[Flag], word: str, values: Values) -> None:
    if not waiting:
        raise CommandLineError(f"{word!r} is one word too many")
    flag = waiting[0]
    assert flag.type is not None
    if flag.type.many:
        values[flag.path] = (*values.get(flag.path, ()), _read(flag, word))
    else:
        values[waiting.pop(0).path] = _read(flag, word)


def _read(flag: Flag, word: str) -> Any:
    assert flag.type is not None
    try:
        return flag.type.read(flag.name, word)
    except ValueError as error:
        raise CommandLineError(str(error)) from None


def _unknown(name: str, flags: Sequence[Flag], switches: dict[str, str]) -> CommandLineError:
    names = [flag.name for flag in flags if not flag.told.positional] + [name for name in switches if name[:2] == "--"]
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
