"""Sets of m labels as a program: n_m samples of each, logits a_m (1_S − m/K)."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.derivations.cross_entropy import Entry, cross_entropy
from theory.derivations.orbits import InvariantMatrix
from theory.derivations.symbols import K

m = sp.Symbol("m", integer=True, positive=True)
n_m, a_m, sigma = sp.symbols("n_m a_m sigma", positive=True)
rest, nu = sp.symbols("rho nu", positive=True)
INSIDE, OUTSIDE = 1 - m / K, -m / K


def entries() -> list[Entry]:
    """A column of a set of m labels: its members, and the K − m others."""
    return [Entry(a_m * INSIDE, 1, m), Entry(a_m * OUTSIDE, 0, K - m)]


def loss() -> Any:
    """Of all C(K, m) sets, n_m samples each."""
    return n_m * sp.binomial(K, m) * cross_entropy(entries())


def gram() -> InvariantMatrix:
    """Σ over the sets of m labels of n_m z zᵀ, counting the sets that hold a row's class, or two rows' classes."""
    diagonal = sp.binomial(K - 1, m - 1) * INSIDE**2 + sp.binomial(K - 1, m) * OUTSIDE**2
    beside = (
        sp.binomial(K - 2, m - 2) * INSIDE**2
        + 2 * sp.binomial(K - 2, m - 1) * INSIDE * OUTSIDE
        + sp.binomial(K - 2, m) * OUTSIDE**2
    )
    return InvariantMatrix(n_m * a_m**2 * (diagonal - beside), n_m * a_m**2 * beside)


def share() -> Any:
    """The part of σ² from sets of m labels."""
    return n_m * a_m**2 * sp.binomial(K - 2, m - 1)
