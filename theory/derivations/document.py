"""A derivation on paper: LaTeX for ``article`` with ``amsmath``, and Unicode text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from theory.derivations.display import display, pretty
from theory.derivations.prose import to_plain

if TYPE_CHECKING:
    from theory.derivations.step import Step

_COLUMNS = 100

_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage[margin=25mm]{geometry}
\setcounter{MaxMatrixCols}{20}
\allowdisplaybreaks
\begin{document}
"""


def whole(*sections: str) -> str:
    """A file that compiles."""
    return _PREAMBLE + "\n".join(sections) + "\\end{document}\n"


def section(
    title: str, source: str, hypotheses: Sequence[str], conclusions: Sequence[Step], steps: Sequence[Step]
) -> str:
    """Statement and derivation."""
    lines = [rf"\section*{{{title}}}", rf"\emph{{{source}.}}", "", r"\subsection*{Hypotheses}", r"\begin{itemize}"]
    lines += [rf"\item {line}" for line in hypotheses]
    lines += [r"\end{itemize}", "", r"\subsection*{Conclusions}"]
    for step in conclusions:
        lines += [_caption(step), display(step.equation)]
    lines += ["", r"\subsection*{Derivation}"]
    for step in steps:
        lines += [step.text, *([] if step.equation is None else [display(step.equation)]), ""]
    return "\n".join(lines) + "\n"


def _caption(step: Step) -> str:
    """The caption of a result."""
    return f"{step.name}:".replace("_", " ").capitalize()


def plain(
    title: str, source: str, hypotheses: Sequence[str], conclusions: Sequence[Step], steps: Sequence[Step]
) -> str:
    """Statement and derivation as Unicode text."""
    lines = [to_plain(title), "=" * len(to_plain(title)), to_plain(source), "", "Hypotheses", ""]
    for line in hypotheses:
        lines += textwrap.wrap("• " + to_plain(line), _COLUMNS, subsequent_indent="  ")
    lines += ["", "Conclusions", ""]
    for step in conclusions:
        lines += [_caption(step), "", pretty(step.equation), ""]
    lines += ["Derivation", ""]
    for step in steps:
        lines += textwrap.wrap(to_plain(step.text), _COLUMNS)
        lines += [""] if step.equation is None else ["", pretty(step.equation), ""]
    return "\n".join(lines).rstrip() + "\n"
