"""What a page is made of, whichever format it is written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from verify.report.environment import environment
from verify.report.figure_files import FigureFile


class Verdict(str):
    """A verdict as a cell or beside a heading: coloured by its class, and legible without the colour."""

    @property
    def kind(self) -> str:
        """Its classes in the style sheet."""
        return "verdict " + self.replace(" ", "-")


class Link(str):
    """A cell that leads to the section with this anchor."""

    anchor: str

    def __new__(cls, text: str, anchor: str) -> Link:
        """Text and anchor."""
        cell = super().__new__(cls, text)
        cell.anchor = anchor
        return cell


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header.

    rows     of str, ``Verdict`` and ``Link``
    numeric  names of the columns that are aligned right
    widths   classes of the style sheet for other columns: "name", "words", "short"
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()
    widths: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The class of every column, "number" or a width."""
        return tuple("number" if name in self.numeric else self.widths.get(name, "") for name in self.header)


@dataclass(frozen=True)
class Shown:
    """Objects as each of them shows itself: a table in a notebook, or its text."""

    objects: tuple[Any, ...]


@dataclass(frozen=True)
class Picture:
    """A figure with its caption."""

    file: FigureFile


Block = Paragraph | Table | Shown | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; a verdict stands beside the heading, ``anchor`` is the name in links."""

    title: str
    blocks: tuple[Block, ...]
    level: int = 2
    verdict: Verdict | None = None
    anchor: str = ""

    @property
    def heading(self) -> str:
        """Title and verdict where there are no colours."""
        return self.title if self.verdict is None else f"{self.title}: {self.verdict}"


@dataclass(frozen=True)
class Page:
    """A title, what came out in one sentence, a note on how to read it, sections, and what it was computed with."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    note: str = ""
    verdict: Verdict | None = None
    environment: Mapping[str, str] = field(default_factory=environment)

    @property
    def figure_files(self) -> dict[str, bytes]:
        """Every figure as PNG and as SVG, by its path beside the page."""
        found = [block.file for section in self.sections for block in section.blocks if isinstance(block, Picture)]
        return {f"figures/{file.name}.{kind}": getattr(file, kind) for file in found for kind in ("png", "svg")}


def table(
    header: Iterable[str],
    rows: Iterable[Iterable[str]],
    numeric: Iterable[str] = (),
    widths: Mapping[str, str] | None = None,
) -> Table:
    """A table from any iterables."""
    return Table(tuple(header), tuple(tuple(row) for row in rows), frozenset(numeric), widths or {})


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and values, without a header of its own."""
    return table(("", ""), rows)
