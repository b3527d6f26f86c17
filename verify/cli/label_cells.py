"""Cells and classes: which cells mean the same class, the order of classes, and which cells mean no label."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from ufm.support.natural_order import natural
from verify.reading.label_reading import shown

_WORDS = "na n/a #n/a #na <na> null none nat ? . -- missing"
_NOT_NUMBERS = "nan +nan -nan 1.#ind -1.#ind 1.#qnan -1.#qnan inf +inf -inf infinity +infinity -infinity"
MISSING = frozenset(
    ["", "\\n", *_WORDS.split(), *_NOT_NUMBERS.split()]
)  # \N is a database's null, here in small letters
_NUMBER = re.compile(r"[+\-−]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_LARGEST = Decimal(2**63 - 1)


def is_missing(cell: str) -> bool:
    """Whether the cell is empty or a usual mark of a missing value."""
    return len(cell) < 10 and cell.casefold() in MISSING


def one_spelling(cell: str) -> str:
    """Strips blanks around the cell and normalizes it to Unicode's NFC, in which é has one spelling."""
    return unicodedata.normalize("NFC", cell.strip())


def is_plain(cell: str) -> bool:
    """Whether the cell is a number, a Boolean or a missing value, and so not a column name."""
    return (
        _is_small(cell)
        or _NUMBER.fullmatch(cell) is not None
        or cell.casefold() in ("true", "false")
        or is_missing(cell)
    )


def whole_values(cells: Sequence[str]) -> list[int] | None:
    """The cells as integers, 1.0 included; None if one is not an integer."""
    if all(map(_is_small, cells)):
        return list(map(int, cells))
    if not all(map(_NUMBER.fullmatch, cells)):
        return None
    numbers = list(map(_number, cells))
    fit = all(-_LARGEST <= x <= _LARGEST and x == x.to_integral_value() for x in numbers)
    return [int(x) for x in numbers] if fit else None


class NoLabel:
    """The mark of a missing label: an equal cell, or the same number (-1 and -1.0)."""

    def __init__(self, values: Sequence[str] = ()) -> None:
        self.values = tuple(dict.fromkeys(map(one_spelling, values)))
        self.numbers = {_number(value) for value in self.values if _NUMBER.fullmatch(value)}

    def __bool__(self) -> bool:
        return bool(self.values)

    def __contains__(self, cell: str) -> bool:
        if cell in self.values:
            return True
        return bool(self.numbers) and _NUMBER.fullmatch(cell) is not None and _number(cell) in self.numbers


def why_no_label(cell: str) -> str:
    """Why a cell cannot be a class; "" if it can."""
    if _is_small(cell):
        return ""
    if not cell:
        return "is empty"
    if is_missing(cell):
        return f"holds {cell}, a missing value"
    if _NUMBER.fullmatch(cell) is None:
        return ""
    if _number(cell) < 0:
        return f"holds {shown(cell)}, as is written for a missing label (of labels −1 and 1, make 0 and 1)"
    return f"holds {shown(cell)}, beyond 2^63 − 1: an identifier, not a class" if _number(cell) > _LARGEST else ""


def real_value(cell: str) -> float:
    """The number in a cell; NaN if there is none, infinite beyond float64."""
    return float(cell.replace("−", "-")) if _NUMBER.fullmatch(cell) else float("nan")


@dataclass(frozen=True)
class Classes:
    """Class names in order; the class of each distinct cell; the classes as integers if all are whole numbers."""

    names: tuple[str, ...]
    of_cell: NDArray[np.int64]
    whole: tuple[int, ...] | None


def classes_of(cells: Sequence[str]) -> Classes:
    """Groups cells into classes: numbers by value (1, 1.0 and 01 are one), Booleans ignoring case, other names
    literally.

    Numbers stand in their order, False before True, names in natural order: class 2 before class 10.
    """
    whole = whole_values(cells)
    if whole is not None:
        distinct = tuple(sorted(set(whole)))
        return Classes(tuple(map(str, distinct)), _places(whole, distinct), distinct)
    if all(map(_NUMBER.fullmatch, cells)):
        keys = list(map(_number, cells))
        spelled = dict(zip(reversed(keys), reversed(cells), strict=True))
        ordered = sorted(spelled)
        return Classes(tuple(spelled[x] for x in ordered), _places(keys, ordered), None)
    if all(cell.casefold() in ("true", "false") for cell in cells):
        cells = [cell.casefold().capitalize() for cell in cells]
    names = tuple(sorted(set(cells), key=natural))
    return Classes(names, _places(cells, names), None)


def indicator(cell: str) -> int | None:
    """0 or 1, of a number or Boolean; None otherwise."""
    value = whole_values([{"true": "1", "false": "0"}.get(cell.casefold(), cell)])
    return value[0] if value in ([0], [1]) else None


def _is_small(cell: str) -> bool:
    """Whether the cell is plainly an integer ≥ 0, as nearly all labels are; a fast check."""
    return cell.isdecimal() and cell.isascii() and len(cell) < 19


def _number(cell: str) -> Decimal:
    return Decimal(cell.replace("−", "-"))


def _places(keys: Sequence[object], ordered: Sequence[object]) -> NDArray[np.int64]:
    place = {key: i for i, key in enumerate(ordered)}
    return np.array([place[key] for key in keys], dtype=np.int64)
