"""The page as Markdown, with its figures beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from verify.report.blocks import Block, Cards, Formula, Page, Paragraph, Picture, Table

WIDTH = 120
_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\|*_<>[]`"})


def as_markdown(page: Page) -> str:
    """Figures are linked as ``figures/NAME.png``."""
    parts = [f"# {page.title}", *map(_filled, page.opening)]
    if page.summary is not None:
        parts += ["## Summary", markdown_table(page.summary)]
    for section in page.sections:
        parts.append(f"{'#' * section.level} {section.heading.translate(_SPECIAL)}")
        parts += [_block(block) for block in section.blocks]
    parts.append(_filled(" · ".join(f"{name} {value}" for name, value in page.environment.items())))
    return "\n\n".join(parts) + "\n"


def markdown_table(of: Table) -> str:
    """Cells are escaped; numbers are aligned right."""
    rule = "| " + " | ".join("---:" if kind == "number" else "---" for kind in of.kinds) + " |"
    return "\n".join([_cells(of.header), rule, *map(_cells, of.rows)])


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _filled(block.text)
    if isinstance(block, Table):
        return markdown_table(block)
    if isinstance(block, Picture):
        alt = block.file.alt.replace("\n", " ").translate(_SPECIAL)
        return f"![{alt}](figures/{block.file.name}.png)\n\n{_filled(block.file.caption)}"
    if isinstance(block, Formula):
        return f"$${block.latex}$$"
    if isinstance(block, Cards):
        return "\n\n".join(textwrap.indent(summary.text(), "    ") for summary in block.summaries)
    return _filled(block.told)


def _cells(row: Iterable[str]) -> str:
    return "| " + " | ".join(text.translate(_SPECIAL) for text in row) + " |"


def _filled(text: str) -> str:
    return textwrap.fill(text.translate(_SPECIAL), WIDTH, break_long_words=False, break_on_hyphens=False)
