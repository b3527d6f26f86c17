"""Formulas on paper: LaTeX for ``amsmath`` in lines that fit the page, and two-dimensional Unicode."""

from __future__ import annotations

import textwrap
from typing import Any

import sympy as sp

from theory.derivations.prose import formula

_WIDTH = 82  # columns of Unicode about as wide as 16 cm of LaTeX's 10 points

# LaTeX between two places where a line may end, and how wide it is
Pieces = list[tuple[str, int]]


def display(equation: Any) -> str:
    """A displayed formula, on as many lines as it needs."""
    if isinstance(equation, sp.Eq) and _width(equation) > _WIDTH and not hasattr(equation.rhs, "shape"):
        left, right = _pieces(equation.lhs), _pieces(equation.rhs)
        if sum(width for _, width in left) > _WIDTH // 3:
            rows = _rows(left, _WIDTH)
            lines = [f"&{rows[0]}", *(f"&\\quad {row}" for row in rows[1:])]
            equals = "&= "
        else:
            lines, equals = [], f"{latex(equation.lhs)} &= "
        rows = _rows(right, _WIDTH - (0 if lines else _width(equation.lhs)))
        lines += [equals + rows[0], *(f"&\\quad {row}" for row in rows[1:])]
        return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"
    return f"\\begin{{equation*}}\n{latex(equation)}\n\\end{{equation*}}"


def latex(expression: Any) -> str:
    """As sympy writes it, fractions and square roots included; T is a number of tasks, so a transpose is not."""
    body = str(sp.latex(expression, mat_str="matrix", mul_symbol=r" \, "))
    return body.replace("^{T}", r"^{\top}") if expression.has(sp.MatrixSymbol) else body


def pretty(expression: Any) -> str:
    """Two-dimensional Unicode, indented; names that are LaTeX become Unicode too."""
    return textwrap.indent(_unicode(expression), "    ")


def _unicode(expression: Any) -> str:
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
    return str(sp.pretty(expression.xreplace(named | matrices), use_unicode=True, wrap_line=False, num_columns=1000))


def _width(expression: Any) -> int:
    return max(map(len, _unicode(expression).splitlines()))


def _rows(pieces: Pieces, width: int) -> list[str]:
    """Packs as many pieces into a line as fit."""
    rows, used = [""], 0
    for body, wide in pieces:
        if used and used + wide > width:
            rows.append("")
            used = 0
        rows[-1] = f"{rows[-1]} {body}".strip()
        used += wide
    return rows


def _pieces(expression: Any) -> Pieces:
    """A sum ends a line between terms, also within the brackets of a product that is too wide for one."""
    width = _width(expression)
    if expression.is_Add and width > _WIDTH // 2:
        terms = [_pieces(term) for term in expression.as_ordered_terms()]
        return terms[0] + [piece for term in terms[1:] for piece in _signed(term)]
    divisible = expression.is_Mul and width > _WIDTH // 2
    sums = [factor for factor in expression.args if factor.is_Add and _width(factor) > _WIDTH // 3] if divisible else []
    if not sums:
        return [(latex(expression), width)]
    widest = max(sums, key=_width)
    others = [factor for factor in expression.as_ordered_factors() if factor is not widest]
    (opening, first), *inner = _pieces(widest)
    head, wide = _factors(others)
    within = [(rf"{head}\Bigl( {opening}", first + wide + 1), *inner]
    return [*within[:-1], (rf"{within[-1][0]} \Bigr)", within[-1][1] + 1)]


def _signed(term: Pieces) -> Pieces:
    """With the plus that a term has after another."""
    (body, width), *rest = term
    return [(body, width) if body.startswith("-") else (f"+ {body}", width + 3), *rest]


def _factors(others: list[Any]) -> tuple[str, int]:
    """The factors before a bracket."""
    if others == [sp.S.NegativeOne]:
        return "- ", 2
    product = others[0] if len(others) == 1 else sp.Mul(*others, evaluate=False)
    body = latex(product)
    return rf"\left({body}\right) \, " if product.is_Add else rf"{body} \, ", _width(product) + 2
