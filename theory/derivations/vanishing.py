"""Whether an expression is zero for all values of its symbols."""

from __future__ import annotations

from typing import Any

import sympy as sp

_DIGITS = 40
_NEGLIGIBLE = sp.Float("1e-25")


def vanishes(expression: Any) -> bool:
    """Whether every entry simplifies to 0.

    Evaluation at a few numbers refutes most wrong expressions quickly. Only symbolic simplification confirms: an
    expression that no rule reduces to 0 counts as nonzero.
    """
    if hasattr(expression, "shape"):
        return all(vanishes(entry) for entry in set(sp.Matrix(expression)))
    expression = sp.sympify(expression).doit()
    if expression == 0:
        return True
    if _refuted(expression):
        return False
    return any(rule(expression) == 0 for rule in (_as_fraction, _of_logarithms, _of_binomials, sp.simplify))


def _refuted(expression: Any) -> bool:
    """Whether it is far from zero at one point; integers are kept integers, K above m so that binomials count."""
    point = {}
    for position, symbol in enumerate(sorted(expression.free_symbols, key=str)):
        point[symbol] = (
            max(3, 23 - 5 * position) if symbol.is_integer else sp.Rational(13 + 7 * position, 11 + 2 * position)
        )
    value = sp.N(expression.subs(point), _DIGITS)
    return bool(value.is_number and value.is_finite and abs(value) > _NEGLIGIBLE)


def _as_fraction(expression: Any) -> Any:
    return sp.expand(sp.numer(sp.together(sp.powdenest(sp.expand(expression), force=True))))


def _of_logarithms(expression: Any) -> Any:
    """Logarithms of products split; what is exponential put over one denominator first."""
    split = sp.expand_log(expression.replace(sp.log, lambda x: sp.log(sp.factor(sp.together(x)))), force=True)
    return sp.simplify(sp.expand(split))


def _of_binomials(expression: Any) -> Any:
    return sp.simplify(sp.gammasimp(expression.rewrite(sp.gamma)))
