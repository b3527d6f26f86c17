"""The page as plain text, aligned."""

from __future__ import annotations

import textwrap

from ufm.support.display import aligned
from verify.report.blocks import Block, Cards, Formula, Page, Paragraph, Picture, Section, Table

WIDTH = 100


def as_text(page: Page) -> str:
    """The page's tables, folded sections as rows of a summary, and figures as caption and file name."""
    parts = [_underlined(page.title, "="), *map(_filled, page.opening)]
    if page.summary is not None:
        parts.append(f"{_underlined('Summary', '-')}\n{text_table(page.summary)}")
    parts += [_section(section) for section in page.sections]
    parts.append("\n".join(f"{name} {value}" for name, value in page.environment.items()))
    return "\n\n".join(parts) + "\n"


def text_table(of: Table) -> str:
    """Columns as wide as their longest cell, numbers flush right; an empty header is left out."""
    lines = [of.header, *of.rows] if any(of.header) else of.rows
    return "\n".join(aligned(lines, [kind == "number" for kind in of.kinds], of.header))


def _section(of: Section) -> str:
    title = _underlined(of.heading, "-") if of.level == 2 else of.heading
    return f"{title}\n" + "\n\n".join(map(_block, of.blocks))


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _filled(block.text)
    if isinstance(block, Formula):
        return textwrap.indent(_filled(block.letters), "    ")
    if isinstance(block, Table):
        return text_table(block)
    if isinstance(block, Picture):
        return f"figures/{block.file.name}.png\n{_filled(block.file.caption)}"
    if isinstance(block, Cards):
        return "\n\n".join(summary.text() for summary in block.summaries)
    return _filled(block.told)


def _underlined(title: str, rule: str) -> str:
    return f"{title}\n{rule * len(title)}"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
