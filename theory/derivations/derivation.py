"""A theorem with its derivation, to be verified, evaluated and printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from theory.derivations import document
from theory.derivations.prose import to_plain
from theory.derivations.step import Step
from theory.derivations.symbols import tau, tau_of_lambda


@dataclass(frozen=True, eq=False)
class Statement:
    """The statement of a theorem: its hypotheses and conclusions.

    hypotheses   sentences, with inline LaTeX between dollars
    conclusions  the steps that arrive at a named result
    """

    hypotheses: tuple[str, ...]
    conclusions: tuple[Step, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Derivation:
    """A theorem derived from the objective and an ansatz.

    name        what ``derive`` calls it
    title       in words
    source      theorem and equations, or "beyond the paper"
    hypotheses  sentences, with inline LaTeX between dollars
    steps       from the objective to the results
    """

    name: str
    title: str
    source: str
    hypotheses: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def heading(self) -> str:
        """The title as Unicode text."""
        return to_plain(self.title)

    @property
    def statement(self) -> Statement:
        """Hypotheses, and the conclusions that the derivation arrives at."""
        return Statement(self.hypotheses, tuple(step for step in self.steps if step.name is not None))

    @cached_property
    def results(self) -> dict[str, Any]:
        """Name → expression, with earlier results and τ = 2 √(λ_H λ_W) in place of their symbols."""
        known: dict[Any, Any] = {tau: tau_of_lambda}
        results = {}
        for step in self.statement.conclusions:
            assert step.name is not None
            value = step.equation.rhs.subs(known)
            results[step.name] = value
            if step.equation.lhs.is_Symbol:
                known[step.equation.lhs] = value
        return results

    def numeric(self, name: str) -> Callable[..., Any]:
        """The result as a function of arrays, by keyword: ``derive("3.1").numeric("margin")(K=3, N=90, …)``.

        λ's multiply beside the SUM of cross-entropies. Raises KeyError with the available names; the returned function
        raises TypeError for a missing or unknown argument.
        """
        if name not in self.results:
            raise KeyError(f"{self.name} has no result {name!r}; it has {', '.join(self.results)}")
        expression = self.results[name]
        symbols = sorted(expression.free_symbols, key=str)
        compiled = sp.lambdify(symbols, expression, modules=["numpy", "scipy"])

        def evaluate(**values: Any) -> Any:
            names = [symbol.name for symbol in symbols]
            if set(values) != set(names):
                raise TypeError(f"{name} of {self.name} is a function of {', '.join(names)}, got {', '.join(values)}")
            with np.errstate(all="ignore"):  # a branch that is not taken may be the logarithm of nothing
                return compiled(*(np.asarray(values[key], dtype=np.float64) for key in names))

        return evaluate

    def failing(self) -> tuple[Step, ...]:
        """The steps whose residual does not simplify to 0."""
        return tuple(step for step in self.steps if not step.holds())

    def check(self) -> bool:
        """Whether every step that can be verified symbolically holds."""
        return not self.failing()

    def latex(self) -> str:
        """Statement and derivation as a section, which compiles within ``article`` with ``amsmath``."""
        return document.section(self.title, self.source, self.hypotheses, self.statement.conclusions, self.steps)

    def document(self) -> str:
        """A complete LaTeX file."""
        return document.whole(self.latex())

    def plain(self) -> str:
        """Statement and derivation as Unicode text."""
        return document.plain(self.title, self.source, self.hypotheses, self.statement.conclusions, self.steps)

    def __repr__(self) -> str:
        return f"Derivation({self.name!r}, steps={len(self.steps)}, results={list(self.results)})"

    def __str__(self) -> str:
        return self.plain()
