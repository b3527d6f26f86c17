"""Two correlated tasks of K classes as a program in three numbers: n_s samples at (k, k), n_d at (k, l) with k ≠ l."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.derivations.cross_entropy import Entry, cross_entropy
from theory.derivations.orbits import InvariantMatrix, Labels, centred, label_sum
from theory.derivations.symbols import K

n_s, n_d = sp.symbols("n_s n_d", positive=True)
alpha, gamma, delta = sp.symbols("alpha gamma delta", real=True)
sigma_s, sigma_a = sp.symbols("sigma_s sigma_a", positive=True)


def logit(task: int, labels: Labels, row: int) -> Any:
    """Entry ``row`` of z^t(k, l): α ẽ_k where k = l, else γ ẽ of its own label and δ ẽ of the other task's."""
    own, other = labels[task], labels[1 - task]
    if own == other:
        return alpha * centred(own, row)
    return gamma * centred(own, row) + delta * centred(other, row)


def count(labels: Labels) -> Any:
    """n_s or n_d."""
    return n_s if labels[0] == labels[1] else n_d


def gram_block(s: int, t: int) -> InvariantMatrix:
    """Block (s, t) of Z̃Z̃ᵀ, for every K."""
    return label_sum(2, lambda labels, i, j: count(labels) * logit(s, labels, i) * logit(t, labels, j))


def squared_singular_values() -> tuple[Any, Any]:
    """σ_s², σ_a²: the block-circulant matrix [[A, B], [B, A]] is A + B on (v, v) and A − B on (v, −v), v centred."""
    A, B = gram_block(0, 0).on_centred, gram_block(0, 1).on_centred
    return _of_squares(A + B), _of_squares(A - B)


def _of_squares(form: Any) -> Any:
    """A quadratic form without α γ and α δ, its two parts factored."""
    form = sp.expand(form)
    return sp.factor(form.coeff(alpha, 2)) * alpha**2 + sp.factor(form.subs(alpha, 0))


def entries() -> tuple[list[Entry], list[Entry]]:
    """Logits and targets of a column (k, k), and of a column (k, l) in task 1: k, l and the others."""
    same = [Entry(logit(0, (0, 0), 0), 1), Entry(logit(0, (0, 0), 1), 0, K - 1)]
    different = [Entry(logit(0, (0, 1), row), int(row == 0), number) for row, number in ((0, 1), (1, 1), (2, K - 2))]
    return same, different


def loss() -> Any:
    """Both tasks: K labels that agree, K(K − 1) that differ."""
    same, different = entries()
    return 2 * n_s * K * cross_entropy(same) + 2 * n_d * K * (K - 1) * cross_entropy(different)
