"""A derivation on paper: LaTeX for ``article`` with ``amsmath``, and Unicode text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.derivations.prose import formula, to_plain

if TYPE_CHECKING:
    from theory.derivations.step import Step

_WIDE = 150  # characters of LaTeX that a line of text holds
_COLUMNS = 100

_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath}
\usepackage{amssymb}
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


def display(equation: Any) -> str:
    """A displayed formula, in as many lines as it needs."""
    body = latex(equation)
    if isinstance(equation, sp.Eq) and len(body) > _WIDE and not hasattr(equation.rhs, "shape"):
        left, rows = latex(equation.lhs), _rows(equation.rhs)
        if len(left) > _WIDE // 3:
            lines = [f"&{left}", f"&= {rows[0]}", *(f"&\\quad {row}" for row in rows[1:])]
        else:
            lines = [f"{left} &= {rows[0]}", *(f"&\\quad {row}" for row in rows[1:])]
        if len(lines) > 1:
            return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"
    return f"\\begin{{equation*}}\n{body}\n\\end{{equation*}}"


def latex(expression: Any) -> str:
    """As sympy writes it, fractions and square roots included; T is a number of tasks, so a transpose is not."""
    body = str(sp.latex(expression, mat_str="matrix", mul_symbol=r" \, "))
    return body.replace("^{T}", r"^{\top}") if expression.has(sp.MatrixSymbol) else body


def _rows(expression: Any) -> list[str]:
    """The terms of a sum, as many to a line as it holds."""
    rows = [""]
    for term in expression.as_ordered_terms() if expression.is_Add else [expression]:
        body = latex(term)
        if rows[-1] and len(rows[-1]) + len(body) > _WIDE:
            rows.append("")
        sign = "" if body.startswith("-") or rows == [""] else "+ "
        rows[-1] = f"{rows[-1]} {sign}{body}".strip()
    return rows


def _caption(step: Step) -> str:
    """What a result is called."""
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


def pretty(expression: Any) -> str:
    """Two-dimensional Unicode, indented; names that are LaTeX become Unicode too."""
    named = {
        symbol: sp.Symbol(formula(symbol.name))
        for symbol in expression.atoms(sp.Symbol)
        if "{" in symbol.name or "\\" in symbol.name
    }
    matrices = {
        symbol: sp.MatrixSymbol(formula(symbol.name), *symbol.shape)
        for symbol in expression.atoms(sp.MatrixSymbol)
        if "{" in symbol.name
    }
    shown = sp.pretty(expression.xreplace(named | matrices), use_unicode=True, wrap_line=False, num_columns=1000)
    return textwrap.indent(shown, "    ")
