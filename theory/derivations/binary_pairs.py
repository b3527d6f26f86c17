"""Two correlated binary tasks as a program: n_s samples at labels that agree, n_d at labels that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from theory.derivations.cross_entropy import Entry, cross_entropy
from theory.derivations.standard_form import Columns
from theory.derivations.symbols import n, tau

n_s, n_d, a_s, a_d, a_n = sp.symbols("n_s n_d a_s a_d a", positive=True)
PAIRS = ((n_s, a_s, "same"), (n_d, a_d, "different"))
LABELS = ((0, 0), (1, 1), (0, 1), (1, 0))
columns = Columns.of_labels((2, 2), LABELS, (n_s, n_s, n_d, n_d))


def logits() -> sp.Matrix:
    """z^t = a (e_{k_t} − ½), a = a_s where the labels agree and a_d where they differ."""
    return columns.centred_targets() * sp.diag(a_s, a_s, a_d, a_d)


def singular_value(count: Any, margin: Any) -> Any:
    """Of the two columns of one kind, from the eigenvalue of Z̃Z̃ᵀ that holds this count."""
    Z = columns.scaled(logits())
    (value,) = [v for v in (Z * Z.T).eigenvals() if v.has(n_s)]
    return sp.sqrt(value).subs({n_s: count, a_s: margin}, simultaneous=True)


def pair_objective(count: Any, margin: Any) -> Any:
    """What the two labels of one kind cost in the convex program: four losses per sample pair, one singular value."""
    loss = cross_entropy([Entry(margin / 2, 1), Entry(-margin / 2, 0)])
    return 4 * count * loss + tau * singular_value(count, margin)


def stationary() -> Any:
    """e^a at which the derivative of a pair's objective vanishes."""
    x = sp.Symbol("x", positive=True)
    (root,) = sp.solve(sp.simplify(sp.diff(pair_objective(n, a_n), a_n).subs(a_n, sp.log(x))), x)
    return sp.expand(root)


def root_of_gram(values: Sequence[Any] = ()) -> sp.Matrix:
    """(Z̃Z̃ᵀ)^{1/2}: its singular values on the directions f_1 + f_2 and f_1 − f_2, f_t = e_1 − e_2 in block t.

    values  the two singular values, or symbols for them; of the logits above unless given
    """
    f = sp.Matrix([1, -1])
    together, apart = sp.Matrix([*f, *f]), sp.Matrix([*f, *-f])
    of_both = values or [singular_value(count, margin) for count, margin, _ in PAIRS]
    return of_both[0] * together * together.T / 4 + of_both[1] * apart * apart.T / 4
