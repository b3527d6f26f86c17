"""The building blocks of a page, independent of its format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ufm.support.display import Summary
from verify.report.environment import environment
from verify.report.figure_files import FigureFile
from verify.report.plane import Plane
from verify.report.space import Space


class Verdict(str):
    """A verdict as a cell or beside a heading, shown by a word, a mark and a colour."""

    @property
    def kind(self) -> str:
        """Its classes in the style sheet, which adds the mark."""
        return "verdict " + self.replace(" ", "-")


class Link(str):
    """A cell that leads to the section with this anchor."""

    anchor: str

    def __new__(cls, text: str, anchor: str) -> Link:
        """Text and anchor."""
        cell = super().__new__(cls, text)
        cell.anchor = anchor
        return cell


class Name(str):
    """A name given by a user, shown literally, without typesetting symbols."""


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A displayed formula, in LaTeX and in plain text for formats without typesetting."""

    latex: str
    letters: str


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header.

    rows     of str, ``Verdict``, ``Link`` and ``Name``
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
class Cards:
    """Summaries of objects: names and values under a title, side by side if there is room."""

    summaries: tuple[Summary, ...]


@dataclass(frozen=True)
class Picture:
    """A figure with its caption; a curve also has its numbers, shown under the pointer."""

    file: FigureFile
    plane: Plane | None = None


Block = Paragraph | Formula | Table | Cards | Picture | Space


@dataclass(frozen=True)
class Line:
    """The visible line of a folded section, and its row in the summary.

    called   the column title of such sections in the summary
    numbers  name → the most important figures, flush right
    words    name → the rest, in small print; for ``bare`` ones the name is left out
    """

    called: str
    numbers: Mapping[str, str]
    words: Mapping[str, str]
    bare: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Section:
    """A heading with the blocks below it; a verdict stands beside the heading, links use ``anchor``.

    line  a section with one is folded under it
    """

    title: str
    blocks: tuple[Block, ...]
    level: int = 2
    verdict: Verdict | None = None
    anchor: str = ""
    line: Line | None = None

    @property
    def heading(self) -> str:
        """Title and verdict for formats without colours."""
        return self.title if self.verdict is None else f"{self.title}: {self.verdict}"


@dataclass(frozen=True)
class Part:
    """A section of level 2 and those of level 3 below it."""

    section: Section
    below: tuple[Section, ...]


@dataclass(frozen=True)
class Page:
    """The result in one sentence, its meaning in plain words, the sections, and the environment.

    told   the first paragraph: what was done, what it means, how much of it passed
    tally  how often each verdict was reached
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
    told: str = ""
    verdict: Verdict | None = None
    tally: tuple[tuple[Verdict, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=environment)

    @property
    def opening(self) -> tuple[str, ...]:
        """The opening blocks: the verdict first, explanations after it."""
        return tuple(text for text in ((self.lead, self.told) if self.verdict else (self.told, self.lead)) if text)

    @property
    def figure_files(self) -> dict[str, bytes]:
        """Every figure as PNG and as SVG, by its path beside the page."""
        found = [block.file for section in self.sections for block in section.blocks if isinstance(block, Picture)]
        return {f"figures/{file.name}.{kind}": getattr(file, kind) for file in found for kind in ("png", "svg")}

    @property
    def parts(self) -> tuple[Part, ...]:
        """The sections in two levels, each with an anchor: "part-2", "part-2-1"."""
        parts: list[Part] = []
        for section in self.sections:
            if section.level == 2 or not parts:
                name = section.anchor or f"part-{len(parts) + 1}"
                parts.append(Part(replace(section, anchor=name), ()))
            else:
                above = parts.pop()
                name = section.anchor or f"{above.section.anchor}-{len(above.below) + 1}"
                parts.append(Part(above.section, (*above.below, replace(section, anchor=name))))
        return tuple(parts)

    @property
    def summary(self) -> Table | None:
        """A row for each folded section of level 2; None if there is none."""
        folded = [(part.section, part.section.line) for part in self.parts if part.section.line is not None]
        if not folded:
            return None
        rows = [
            {"verdict": section.verdict or "", line.called: Link(section.title, section.anchor)}
            | {**line.numbers, **line.words}
            for section, line in folded
        ]
        header = list(dict.fromkeys(name for row in rows for name in row))
        numeric = {name for _, line in folded for name in line.numbers}
        return table(header, ([row.get(name, "") for name in header] for row in rows), numeric)


def table(
    header: Iterable[str],
    rows: Iterable[Iterable[str]],
    numeric: Iterable[str] = (),
    widths: Mapping[str, str] | None = None,
) -> Table:
    """A table from any iterables."""
    return Table(tuple(header), tuple(tuple(row) for row in rows), frozenset(numeric), widths or {})


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and values, without a header."""
    return table(("", ""), rows)
