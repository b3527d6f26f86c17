"""How objects print: one list of (name, value) rows, as aligned text in a terminal and as a table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Summary:
    """A title and (name, value) rows."""

    title: str
    rows: Sequence[tuple[str, str]]

    def text(self) -> str:
        """Aligned lines for a terminal."""
        width = max((len(name) for name, _ in self.rows), default=0)
        return "\n".join([self.title, *(f"  {name:<{width}}  {value}" for name, value in self.rows)])

    def html(self) -> str:
        """A table for a notebook."""
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self.rows
        )
        return f"<table><caption><b>{html.escape(self.title)}</b></caption>{cells}</table>"


def problem_summary(title: str, problem: Any, rows: Sequence[tuple[str, str]]) -> Summary:
    """The rows every problem shares, after its own."""
    common = [
        ("λ_H, λ_W, λ_b", f"{problem.lambda_H:g}, {problem.lambda_W:g}, {problem.lambda_b:g}"),
        ("reduction", f"{problem.reduction} of cross-entropies"),
    ]
    if not np.all(problem.task_weights == 1):
        common.append(("task weights c", ", ".join(f"{c:g}" for c in problem.task_weights)))
    if problem.label_smoothing:
        common.append(("label smoothing", f"{problem.label_smoothing:g}"))
    return Summary(title, [*rows, *common])
