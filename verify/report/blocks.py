"""What a page is made of, whichever format it is written in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from verify.report.figure_files import FigureFile


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; columns named in ``numeric`` are aligned right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A figure with its caption."""

    file: FigureFile


Block = Paragraph | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; ``anchor`` is its name in links."""

    title: str
    blocks: tuple[Block, ...]
    level: int = 2


def table(header: Iterable[str], rows: Iterable[Iterable[str]], numeric: Iterable[str] = ()) -> Table:
    """A table from any iterables."""
    return Table(tuple(header), tuple(tuple(row) for row in rows), frozenset(numeric))


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and values, without a header of its own."""
    return table(("", ""), rows)


def figures(sections: Iterable[Section]) -> list[Picture]:
    """Every picture of the sections."""
    return [block for section in sections for block in section.blocks if isinstance(block, Picture)]
