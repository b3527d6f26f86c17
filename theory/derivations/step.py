"""One line of a derivation, and how it is verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.derivations.symbols import lambda_H, quantity, tau, tau_of_lambda
from theory.derivations.vanishing import vanishes


@dataclass(frozen=True, eq=False)
class Step:
    """A sentence and the equation it arrives at.

    text      plain English, with inline LaTeX between dollar signs
    equation  sympy ``Eq`` (unevaluated) of expressions or matrices, an expression, or None
    given     symbol → value: what the symbols stand for where the equation is an identity only then
    solves    expressions that vanish once the equation's left side is replaced by its right side: the equation is a
              root of them, and they, not the two sides, are verified. Of a case distinction the first case is the root,
              and the second continues it past the threshold
    assumed   the equation is a definition, a hypothesis or an ansatz: there is nothing to verify
    name      the right side is a result of this name
    """

    text: str
    equation: Any = None
    given: Mapping[Any, Any] = field(default_factory=dict)
    solves: tuple[Any, ...] = ()
    assumed: bool = False
    name: str | None = None

    @property
    def verifiable(self) -> bool:
        """Whether ``holds`` verifies anything."""
        return not self.assumed and isinstance(self.equation, sp.Eq)

    def residuals(self) -> tuple[Any, ...]:
        """What must vanish: left minus right side, or ``solves`` at the root; empty if nothing is verified."""
        if not self.verifiable:
            return ()
        left, right = self.equation.lhs, self.equation.rhs
        if isinstance(right, sp.Piecewise):
            return (*self._of_root(left, right.args[0].expr), substitute(_jump(right), self.given))
        if self.solves:
            return self._of_root(left, right)
        difference = sp.Add(left, -right, evaluate=False) if not hasattr(left, "shape") else left - right
        return (substitute(difference, self.given),)

    def _of_root(self, symbol: Any, value: Any) -> tuple[Any, ...]:
        return tuple(substitute(residual.subs(symbol, value), self.given) for residual in self.solves)

    def holds(self) -> bool:
        """Whether every residual simplifies to 0, symbolically."""
        return all(vanishes(residual) for residual in self.residuals())


def _jump(cases: Any) -> Any:
    """First case less second where the condition, λ_H λ_W < …, is an equation: a minimizer moves without a jump."""
    (value, condition), (otherwise, _) = cases.args
    (at_threshold,) = sp.solve(condition.lhs - condition.rhs, lambda_H)
    return (value - otherwise).subs(tau, tau_of_lambda).subs(lambda_H, at_threshold)


def substitute(expression: Any, given: Mapping[Any, Any]) -> Any:
    """Values in place of symbols, matrix symbols included, one after the other."""
    for symbol, value in given.items():
        expression = expression.subs(symbol, value)
    return expression.doit()


def equation(left: Any, right: Any) -> Any:
    """left = right, left as it is even where both sides are the same."""
    return sp.Eq(left, right, evaluate=False)


def assumed(text: str, left: Any, right: Any, *, name: str | None = None) -> Step:
    """A definition, a hypothesis or an ansatz."""
    return Step(text, equation(left, right), assumed=True, name=name)


def identity(text: str, left: Any, right: Any, given: Mapping[Any, Any] | None = None, name: str | None = None) -> Step:
    """An equation that holds for all values of its symbols, ``given`` what some of them stand for."""
    return Step(text, equation(left, right), given=given or {}, name=name)


def derived(text: str, latex: str, written: Any, value: Any, name: str | None = None) -> Step:
    """A quantity, called by its LaTeX, that was derived as ``value`` and is ``written`` so."""
    return identity(text, quantity(latex), written, {quantity(latex): value}, name)


def solution(
    text: str, symbol: Any, value: Any, *solves: Any, given: Mapping[Any, Any] | None = None, name: str | None = None
) -> Step:
    """A symbol's value, which is a root of every expression in ``solves``."""
    return Step(text, equation(symbol, value), given=given or {}, solves=solves, name=name)
