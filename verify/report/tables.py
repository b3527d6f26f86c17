"""Tables of the page. Every cell is escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """A table cell; kind is a class of the style sheet, link an anchor of the same page."""

    text: str
    kind: str = ""
    link: str = ""


def table(header: Sequence[Cell], lines: Iterable[Sequence[Cell]]) -> str:
    """A table in a container that scrolls by itself."""
    head = "".join(_cell(cell, "th") for cell in header)
    body = "\n".join("<tr>" + "".join(_cell(cell, "td") for cell in line) + "</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def verdict(word: str) -> Cell:
    """A verdict, coloured by its class and legible without the colour."""
    return Cell(word, "verdict " + word.replace(" ", "-"))


def described(value: Any) -> str:
    """The table an object shows in a notebook, else its text."""
    shown = getattr(value, "_repr_html_", None)
    body = shown() if callable(shown) else f"<pre>{html.escape(str(value))}</pre>"
    return f'<div class="scroll">{body}</div>'


def _cell(cell: Cell, tag: str) -> str:
    text = html.escape(cell.text)
    if cell.link:
        text = f'<a href="#{html.escape(cell.link)}">{text}</a>'
    kind = f' class="{cell.kind}"' if cell.kind else ""
    return f"<{tag}{kind}>{text}</{tag}>"
