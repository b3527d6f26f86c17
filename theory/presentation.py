"""How a prediction prints: a title and (name, value) rows, aligned text in a terminal and a table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

Rows = Sequence[tuple[str, str]]


def text(title: str, rows: Rows) -> str:
    """Aligned lines."""
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in rows)])


def table(title: str, rows: Rows) -> str:
    """An HTML table."""
    cells = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table><caption><b>{html.escape(title)}</b></caption>{cells}</table>"
