"""The dialect of a label file: delimiter, quotes, header."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from verify.cli.label_cells import is_missing, is_plain, whole_values
from verify.cli.label_text import lines

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "blanks", "": "none"}
SAMPLED = 1000  # lines that the delimiter is judged by; all of them must then agree with it
_QUOTED = re.compile(rb'"(?:[^"\n]++|"")*+"')
# numbers between marks of one kind that neither numbers nor dates are written with
_OTHER = re.compile(r"[0-9.]+[ \t]*([^\w\s.+\-'\"]|[\x0b\x0c\x1c-\x1f])[ \t]*[0-9.]+(?:[ \t]*\1[ \t]*[0-9.]+)*")
NEWLINE = b"\n"
_BLANKS = re.compile(rb"[ \t]+")


def named(delimiter: str) -> str:
    """The character of a delimiter that is given by name or literally."""
    by_name = {name: character for character, name in NAMES.items()} | {"\\t": "\t"}
    character = by_name.get(delimiter, delimiter)
    # letters, digits and what numbers and quotes are made of cannot separate them
    if len(character) > 1 or not character.isascii() or character.isalnum() or character in tuple('"+-.\n\r'):
        raise ValueError(
            f"--delimiter must be comma, semicolon, tab, pipe, blanks, none or one such character, got {delimiter!r}"
        )
    return character


def width(line: bytes, delimiter: str) -> int:
    """The number of cells in a line."""
    bare = _QUOTED.sub(b'""', line.rstrip(b"\n"))
    if delimiter == " ":
        return len(_BLANKS.split(bare.strip(b" \t")))
    return 1 + (bare.count(delimiter.encode()) if delimiter else 0)


def sniffed(name: str, data: bytes) -> str:
    """The delimiter that splits all lines into equally many cells, two or more; "" for a single column.

    Raises ValueError if two delimiters fit, or if one occurs but the lines disagree.
    """
    sample = list(itertools.islice(lines(data), SAMPLED))
    widths = {d: [width(line, d) for _, line in sample] for d in (",", ";", "\t", "|", " ")}
    blanks = widths.pop(" ")
    fit = [d for d, found in widths.items() if found[0] > 1 and len(set(found)) == 1]
    if len(fit) > 1:
        raise ValueError(
            f"{name}: {' and '.join(NAMES[d] for d in fit)} both separate every line into equally many "
            f"columns; give --delimiter {' or '.join(NAMES[d] for d in fit)}"
        )
    if fit:
        return fit[0]
    occurring = max(widths, key=lambda d: sum(widths[d]))
    if max(widths[occurring]) > 1:
        check_widths(name, data, occurring)
    numbers = all(is_plain(cell) for _, line in sample for cell in line.decode().split())
    if max(blanks) > 1 and (len(set(blanks)) == 1 or numbers):
        return " "
    between = [_OTHER.fullmatch(line.decode().strip(" \t\n")) for _, line in sample[len(sample) > 1 :]]
    marks = {mark[1] if mark else "" for mark in between}
    if len(marks) == 1 and marks != {""}:
        mark = repr(marks.pop())
        raise ValueError(
            f"{name}: {mark} between numbers may separate columns; give --delimiter {mark}, or none where a "
            "line is one class"
        )
    return ""


def check_widths(name: str, data: bytes, delimiter: str) -> None:
    """Raises ValueError naming the first line with another number of cells than line 1."""
    first = 0
    for number, line in lines(data):
        found = width(line, delimiter)
        first = first or found
        if found != first:
            raise ValueError(
                f"{name}, line {number}: {found} columns where the first has {first} (delimiter "
                f"{NAMES.get(delimiter, delimiter)}); mend the line, or give another --delimiter (none: one column)"
            )


def check_quotes(name: str, data: bytes, delimiter: str) -> None:
    """Raises ValueError naming the first line whose quotes do not enclose a whole cell, or enclose a line break."""
    if b'"' not in data:
        return
    quoted = rb'"(?:[^"\n]++|"")*+"'
    if delimiter == " ":
        cell = rb"(?:" + quoted + rb'|[^"\n \t]++)(?:[ \t]++|(?=\n))'
        line = rb"[ \t]*+(?:" + cell + rb")*+\n"
    else:
        mark = re.escape(delimiter.encode())
        blanks = rb" *+" if delimiter == "\t" else rb"[ \t]*+"
        cell = blanks + rb"(?:" + quoted + blanks + rb'|[^"\n' + mark + rb"]*+)"
        line = cell + ((rb"(?:" + mark + cell + rb")*+") if delimiter else b"") + rb"\n"
    whole = re.match(rb"(?:" + line + rb")*+", data)
    end = 0 if whole is None else whole.end()
    if end < len(data):
        raise ValueError(
            f"{name}, line {1 + data.count(NEWLINE, 0, end)}: a quote that does not enclose a whole cell; "
            'remove it, or write the cell as "…" with every quote inside doubled'
        )


@dataclass(frozen=True)
class Top:
    """The first cell of a column, whether it occurs below, and the distinct cells below."""

    cell: str
    recurs: bool
    below: Sequence[str]

    @property
    def is_text(self) -> bool:
        """Neither number, Boolean nor missing."""
        return not is_plain(self.cell)

    @property
    def over_plain(self) -> bool:
        """Text over a column of numbers or Booleans, as a column's name is."""
        return self.is_text and self._plain_below and not all(map(is_missing, self.below))

    @property
    def is_sample(self) -> bool:
        """A class of the column, or a number over numbers, or missing."""
        return self.recurs or is_missing(self.cell) or (not self.is_text and self._plain_below)

    @property
    def _plain_below(self) -> bool:
        return all(map(is_plain, self.below))

    def over_index(self, rows: int) -> bool:
        """No cell over 0 … rows − 1 or 1 … rows, as pandas writes its index."""
        values = whole_values(self.below) if self.cell == "" and len(self.below) == rows else None
        return values is not None and sorted(values)[0] in (0, 1) and max(values) - min(values) == rows - 1


def has_header(name: str, columns: Sequence[Top], rows: int) -> bool:
    """Whether the first of rows + 1 lines names the columns; raises ValueError if both are likely.

    It does if it is text over numbers or Booleans, or text that does not occur below although classes recur there.
    0, 1, 2, … may be pandas' default column names.
    """
    others = [top for top in columns if not top.over_index(rows)]
    if rows == 0 or not others:
        return False
    if len(others) < len(columns):
        return True
    header, sample = any(top.over_plain for top in others), any(top.is_sample for top in others)
    numbered = len(columns) > 2 and [top.cell for top in columns] == [str(t) for t in range(len(columns))]
    if sample and not header and (not numbered or all(top.recurs for top in columns)):
        return False
    if not sample and (header or all(top.is_text and len(top.below) < rows for top in others)):
        return True
    raise ValueError(f"{name}, line 1 may be a header or a sample; give --header or --no-header")
