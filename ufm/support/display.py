"""How objects print: rows of cells, as aligned text in a terminal and as a table in a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

# columns of the terminal that objects are about to be printed in; None leaves their lines as long as they are
line_width: ContextVar[int | None] = ContextVar("line_width", default=None)


@dataclass(frozen=True)
class Summary:
    """A title and (name, value) rows."""

    title: str
    rows: Sequence[tuple[str, str]]

    def text(self) -> str:
        """Aligned lines for a terminal."""
        return "\n".join([self.title, *(f"  {line}" for line in aligned(self.rows))])

    def html(self) -> str:
        """A table for a notebook."""
        return html_table(self.title, self.rows)


class Summarized:
    """A class that prints as its ``_summary``, in a terminal and in a notebook."""

    def _summary(self) -> Summary:
        raise NotImplementedError

    def __str__(self) -> str:
        return self._summary().text()

    def _repr_html_(self) -> str:
        return self._summary().html()


def aligned(lines: Sequence[Sequence[str]], right: Sequence[bool] = (), header: Sequence[str] = ()) -> list[str]:
    """Aligned columns, each as wide as its longest cell; flush right if its entry in ``right`` is true.

    If ``line_width`` is narrower than the table, each line of a table with a ``header`` as its first line becomes
    several: its first cells in words, and below them the others with their columns' names.
    """
    columns = list(zip(*lines, strict=True))
    padded = []
    for column, flush in zip(columns, right or [False] * len(columns), strict=True):
        width = max(map(len, column))
        padded.append([cell.rjust(width) if flush else cell.ljust(width) for cell in column])
    whole = ["  ".join(line).rstrip() for line in zip(*padded, strict=True)]
    most = line_width.get()
    if most is None or not any(header) or max(map(len, whole)) <= most:
        return whole
    return [part for line in lines[1:] for part in _stacked(line, header, most, 1 if list(right[1:2]) == [True] else 2)]


def _stacked(line: Sequence[str], header: Sequence[str], width: int, lead: int) -> list[str]:
    """Stacks cells without breaking a number or separating a name from its number."""
    first = textwrap.wrap("  ".join(line[:lead]), width, subsequent_indent=" " * 4, break_long_words=False)
    told = [f"{name} {cell}" for name, cell in zip(header[lead:], line[lead:], strict=True) if cell.strip()]
    parts, rest = [], ""
    for one in told:
        if rest and len(rest) + 2 + len(one) + 4 > width:
            parts.append(rest)
            rest = ""
        rest = f"{rest}; {one}" if rest else one
    parts += [rest] if rest else []
    return first + [
        folded
        for part in parts
        for folded in textwrap.wrap(
            part, width, initial_indent=" " * 4, subsequent_indent=" " * 6, break_long_words=False
        )
    ]


def html_table(title: str, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> str:
    """Escaped, under its title; without a header the first cell of a row names it."""

    def line(cells: Sequence[str], heads: int) -> str:
        tags = ["th" if i < heads else "td" for i in range(len(cells))]
        of = (
            f"<{tag} style='text-align:left'>{html.escape(cell)}</{tag}>" for tag, cell in zip(tags, cells, strict=True)
        )
        return f"<tr>{''.join(of)}</tr>"

    body = "".join(line(row, 0 if header else 1) for row in rows)
    above = line(header, len(header)) if header else ""
    return f"<table><caption><b>{html.escape(title)}</b></caption>{above}{body}</table>"


def problem_summary(title: str, problem: Any, rows: Sequence[tuple[str, str]]) -> Summary:
    """The summary of a problem: its own rows, then those that all problems share."""
    common = [
        ("λ_H, λ_W, λ_b", f"{problem.lambda_H:g}, {problem.lambda_W:g}, {bias_penalty(problem.lambda_b)}"),
        ("loss", f"{problem.reduction} of {loss_names(problem.loss)}"),
    ]
    if not np.all(problem.task_weights == 1):
        common.append(("task weights c", ", ".join(f"{c:g}" for c in problem.task_weights)))
    if problem.label_smoothing:
        common.append(("label smoothing", f"{problem.label_smoothing:g}"))
    return Summary(title, [*rows, *common])


def bias_penalty(lambda_b: float | None) -> str:
    """λ_b in words: what 0 and None mean."""
    if lambda_b is None:
        return "none (no bias)"
    return f"{lambda_b:g}" if lambda_b else "0 (free bias)"


def loss_names(loss: str | Sequence[str]) -> str:
    """The loss, or one per task in order."""
    return loss if isinstance(loss, str) else ", ".join(loss)
