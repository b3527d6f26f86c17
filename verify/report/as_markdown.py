"""The page as Markdown, with its figures beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from verify.report.blocks import Block, Paragraph, Section, Table

WIDTH = 120
_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\|*_<>[]`"})


def as_markdown(title: str, lead: str, sections: Sequence[Section], environment: Mapping[str, str]) -> str:
    """Figures are linked as ``figures/NAME.png``."""
    parts = [f"# {title}", _filled(lead)]
    for section in sections:
        parts.append(f"{'#' * section.level} {section.title.translate(_SPECIAL)}")
        parts += [_block(block) for block in section.blocks]
    parts.append(_filled(" · ".join(f"{name} {value}" for name, value in environment.items())))
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _filled(block.text)
    if isinstance(block, Table):
        rule = ["---:" if name in block.numeric else "---" for name in block.header]
        lines = [_cells(block.header), "| " + " | ".join(rule) + " |", *map(_cells, block.rows)]
        return "\n".join(lines)
    caption = _filled(block.file.caption)
    alt = block.file.alt.replace("\n", " ").translate(_SPECIAL)
    return f"![{alt}](figures/{block.file.name}.png)\n\n{caption}"


def _cells(row: tuple[str, ...]) -> str:
    return "| " + " | ".join(text.translate(_SPECIAL) for text in row) + " |"


def _filled(text: str) -> str:
    return textwrap.fill(text.translate(_SPECIAL), WIDTH, break_long_words=False, break_on_hyphens=False)
