"""The types of flags: how a word becomes a value, and how a help page calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ufm.support.nearest_name import require_name

NAME = "NAME"  # of one of more than a few names, which the help then tells
FEW = 3


@dataclass(frozen=True)
class FlagType:
    """One word, or ``many`` of them; ``shown`` is what stands for it on a help page, such as N or PATH."""

    shown: str
    read: Callable[[str, str], Any]  # of the flag's name and the word
    many: bool = False
    choices: tuple[str, ...] = ()


def flag_type(hint: Any) -> FlagType:
    """Of int, float, str, Path, names of a Literal, unions of them, and tuples of any number; None is to leave it
    out."""
    if get_origin(hint) is Annotated:
        return flag_type(get_args(hint)[0])
    if get_origin(hint) is tuple:
        one = flag_type(get_args(hint)[0])
        return FlagType(f"{one.shown} …", one.read, many=True, choices=one.choices)
    if get_origin(hint) in (Union, UnionType):
        parts = [part for part in get_args(hint) if part is not NoneType]
        if len(parts) == 1:
            return flag_type(parts[0])
        if set(parts) == {str, Path}:
            return flag_type(Path)
        return _either(*parts)
    if get_origin(hint) is Literal:
        names = tuple(map(str, get_args(hint)))
        return FlagType(
            "|".join(names) if len(names) <= FEW else NAME,
            lambda flag, word: require_name(flag, word, names),
            choices=names,
        )
    shown, read = _PLAIN[hint]
    return FlagType(shown, read)


def _either(number: Any, names: Any) -> FlagType:
    """A number, or one of a few names."""
    plain, words = flag_type(number), flag_type(names)

    def read(flag: str, word: str) -> Any:
        if word in words.choices:
            return word
        try:
            return plain.read(flag, word)
        except ValueError as error:
            raise ValueError(f"{error}, or {' or '.join(words.choices)}") from None

    return FlagType(f"{plain.shown}|{words.shown}", read, choices=words.choices)


def _whole(flag: str, word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{flag} takes a whole number, got {word!r}") from None


def _number(flag: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{flag} takes a number, such as 5e-4, got {word!r}") from None


def _path(flag: str, word: str) -> Path:
    if not word:
        raise ValueError(f"{flag} takes a path, got an empty one")
    return Path(word)


_PLAIN: dict[Any, tuple[str, Callable[[str, str], Any]]] = {
    int: ("N", _whole),
    float: ("X", _number),
    str: ("TEXT", lambda flag, word: word),
    Path: ("PATH", _path),
}
