"""One task whose logits are a (e_k − 1/K): its margin, its head and its features, for K, N, c symbols.

What Theorems 3.1, B.2, 3.2, pairwise uniform counts, label smoothing and single-task collapse share. They differ in how
the Gram matrix of several tasks falls into blocks, which is in their files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from theory.derivations import factorization
from theory.derivations.cross_entropy import Entry, cross_entropy, softmax
from theory.derivations.orbits import InvariantMatrix, centred, label_sum
from theory.derivations.symbols import K, a, tau


@dataclass(frozen=True)
class SimplexTask:
    """A task of weight c with N samples, N/K of each class, and targets (1 − ε) e_k + ε/K."""

    c: Any
    N: Any
    epsilon: Any = 0

    @cached_property
    def entries(self) -> list[Entry]:
        """Logits and targets of a column: its label, and the K − 1 other classes."""
        rest = self.epsilon / K
        return [Entry(a * centred(0, 0), 1 - self.epsilon + rest), Entry(a * centred(0, 1), rest, K - 1)]

    @cached_property
    def gram(self) -> InvariantMatrix:
        """The task's block of Z̃Z̃ᵀ: c N/K times the sum over classes of z zᵀ."""
        return label_sum(
            1, lambda label, i, j: self.c * self.N / K * a**2 * centred(label[0], i) * centred(label[0], j)
        )

    @cached_property
    def singular_value(self) -> Any:
        """Of Z̃, K − 1 times."""
        return sp.powdenest(sp.sqrt(self.gram.on_centred), force=True)

    @cached_property
    def objective(self) -> Any:
        """The convex program at these logits."""
        return self.c * self.N * cross_entropy(self.entries) + tau * (K - 1) * self.singular_value

    @cached_property
    def exponential(self) -> Any:
        """e^a where the derivative of the objective vanishes, 1/r − (K − 1) with r the softmax of a wrong class."""
        r = sp.Symbol("r", positive=True)
        slope = sp.diff(self.objective, a).subs(a, sp.log(1 / r - (K - 1)))
        (root,) = sp.solve(sp.simplify(slope), r)
        affine = sp.simplify(root.subs(tau, 0)) + tau * sp.simplify(sp.diff(root, tau))
        return 1 / affine - (K - 1)

    @cached_property
    def fraction(self) -> dict[Any, Any]:
        """ε = q/(1 + q) with q > 0, from which sympy knows that 1 − ε > 0; empty where ε = 0."""
        q = sp.Symbol("q", positive=True)
        return dict.fromkeys(sp.sympify(self.epsilon).free_symbols, q / (1 + q))

    @cached_property
    def threshold(self) -> Any:
        """λ_H λ_W = τ²/4 at which the stationary margin is zero."""
        (largest,) = sp.solve(sp.simplify(sp.diff(self.objective, a).subs(a, 0)), tau)
        return sp.factor(largest**2 / 4)

    @cached_property
    def residual(self) -> Any:
        """κ in y − softmax(z) = κ (e_k − 1/K)."""
        p_label, p_other = softmax(self.entries)
        label, other = self.entries
        return sp.factor(sp.simplify((label.target - p_label) - (other.target - p_other)))

    @cached_property
    def head_gram(self) -> Any:
        """g in W Wᵀ = g (I − 11ᵀ/K)."""
        return sp.simplify(factorization.head_gram(self.singular_value) / self.c)

    @cached_property
    def feature_weight(self) -> Any:
        """The task's part of h is this times its head: √n h = W̃ᵀ z̃/s², where z̃ = √c √n a e_k and W̃ = √c W."""
        return sp.simplify(self.c * a * factorization.feature_factor(self.singular_value))
