"""Counting label tuples up to a permutation of the classes, with K a symbol.

Sums over all labels of a term that depends only on which labels coincide, with each other and with one or two marked
classes i, j: the tuples fall into finitely many orbits, whose sizes are products of K, K − 1, K − 2, …
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.derivations.symbols import K

Labels = tuple[int, ...]
Term = Callable[[Labels, int, int], Any]


def label_orbits(length: int, marked: int) -> Iterator[tuple[Labels, sp.Expr]]:
    """One tuple of each orbit, and how many tuples it stands for.

    Classes 0 … marked − 1 are the marked ones; a class not met before gets the next number, and stands for any of the
    K − (classes met or marked).
    """

    def extend(labels: Labels, met: int, size: Any) -> Iterator[tuple[Labels, Any]]:
        if len(labels) == length:
            yield labels, size
            return
        for k in range(met):
            yield from extend((*labels, k), met, size)
        yield from extend((*labels, met), met + 1, size * (K - met))

    yield from extend((), marked, sp.Integer(1))


@dataclass(frozen=True)
class InvariantMatrix:
    """(K, K) identity · I + ones · 11ᵀ: what commutes with every permutation of the classes.

    On vectors that sum to zero it is multiplication by ``on_centred``, on the ones vector by ``on_ones``.
    """

    identity: Any
    ones: Any

    @property
    def on_centred(self) -> Any:
        """Eigenvalue on the K − 1 dimensions of vectors that sum to zero."""
        return sp.factor(self.identity)

    @property
    def on_ones(self) -> Any:
        """Eigenvalue on the ones vector."""
        return sp.factor(sp.expand(self.identity + K * self.ones))

    @property
    def diagonal(self) -> Any:
        """Entry (i, i)."""
        return self.identity + self.ones

    def explicit(self, size: int) -> sp.Matrix:
        """The matrix for K = size."""
        return (self.identity * sp.eye(size) + self.ones * sp.ones(size)).subs(K, size)


def label_sum(length: int, term: Term) -> InvariantMatrix:
    """Σ over all label tuples of term(labels, i, j), as a matrix in (i, j)."""
    diagonal = sum(size * term(labels, 0, 0) for labels, size in label_orbits(length, 1))
    beside = sum(size * term(labels, 0, 1) for labels, size in label_orbits(length, 2))
    return InvariantMatrix(sp.factor(sp.expand(diagonal - beside)), sp.factor(sp.expand(beside)))


def centred(k: int, i: int) -> Any:
    """Entry i of ẽ_k = e_k − 1/K."""
    return (1 if k == i else 0) - 1 / K
