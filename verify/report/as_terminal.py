"""Tables and verdicts in a terminal."""

from __future__ import annotations

from rich.table import Table as RichTable
from rich.text import Text

from verify.report.blocks import Table, Verdict

COLOURS = {"passed": "green", "failed": "bold red", "not applicable": "dim", "not certified": "yellow"}


def terminal_table(of: Table) -> RichTable:
    """Names fold where the terminal is narrow; numbers and verdicts never do."""
    made = RichTable(box=None, pad_edge=False, header_style="dim")
    for column, (name, kind) in enumerate(zip(of.header, of.kinds, strict=True)):
        whole = kind == "number" or any(isinstance(row[column], Verdict) for row in of.rows)
        made.add_column(name, justify="right" if kind == "number" else "left", overflow="fold", no_wrap=whole)
    for row in of.rows:
        made.add_row(*map(coloured, row))
    return made


def coloured(cell: str) -> Text:
    """Text, since a name in brackets is a name and not markup; a verdict in its colour."""
    return Text(cell, style=COLOURS[cell] if isinstance(cell, Verdict) else "")
