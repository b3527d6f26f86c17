"""The page as one HTML file with its figures inside: no script, no address outside it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from verify.report.blocks import Block, Paragraph, Section, Table
from verify.report.figure_files import FigureFile
from verify.report.style import STYLE
from verify.report.tables import Cell, table


def as_html(title: str, lead: str, sections: Sequence[Section], environment: Mapping[str, str]) -> str:
    """Every text is escaped."""
    about = " · ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in environment.items())
    body = [f"<h1>{html.escape(title)}</h1>", f'<p class="headline">{html.escape(lead)}</p>']
    body += [_section(section) for section in sections]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + f"\n<footer>{about}</footer>\n</body>\n</html>\n"
    )


def figure(file: FigureFile) -> str:
    """The image inside the page, and its caption."""
    alt, caption = html.escape(file.alt), html.escape(file.caption)
    return f'<figure><img src="{file.source}" alt="{alt}"><figcaption>{caption}</figcaption></figure>'


def _section(section: Section) -> str:
    heading = f"<h{section.level}>{html.escape(section.title)}</h{section.level}>"
    inside = heading + "\n" + "\n".join(_block(block) for block in section.blocks)
    return f"<section>{inside}</section>" if section.level == 2 else inside


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{html.escape(block.text)}</p>"
    if isinstance(block, Table):
        kinds = ["number" if name in block.numeric else "" for name in block.header]
        header = [Cell(name, kind) for name, kind in zip(block.header, kinds, strict=True)]
        return table(header, ([Cell(text, kind) for text, kind in zip(row, kinds, strict=True)] for row in block.rows))
    return figure(block.file)
