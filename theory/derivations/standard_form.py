"""The convex program written out, column by column, for a few classes and tasks.

    P(Z) = Σ_t c^t Σ_l n_l [ s_tl lse(z_tl) − ⟨y_tl, z_tl⟩ ] + τ ‖Z̃‖_*,   Z̃ = diag(√c) Z diag(√n)

Z is optimal exactly where X = −diag(1/√c) V diag(1/√n) / τ, V the derivative of the loss, is a subgradient of the
nuclear norm at Z̃: its spectral norm is at most 1 and ⟨X, Z̃⟩ = ‖Z̃‖_*. Biases are zero where V has rows that sum to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.derivations.step import Step, identity

Labels = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Columns:
    """Targets, counts and weights of a problem small enough to write out.

    classes  (K_1, …, K_T)
    targets  (R, columns) y, R = Σ K_t
    counts   n_l
    weights  c^t
    """

    classes: tuple[int, ...]
    targets: sp.Matrix
    counts: tuple[Any, ...]
    weights: tuple[Any, ...]

    @classmethod
    def of_labels(
        cls,
        classes: tuple[int, ...],
        labels: Sequence[Labels],
        counts: Sequence[Any],
        weights: Sequence[Any] = (),
        epsilon: Any = 0,
    ) -> Columns:
        """Targets (1 − ε) e_k + ε/K, one-hot unless ε is given; weights are 1 unless given."""
        targets = sp.Matrix(
            [
                [(1 - epsilon if label[t] == k else 0) + sp.sympify(epsilon) / size for label in labels]
                for t, size in enumerate(classes)
                for k in range(size)
            ]
        )
        return cls(classes, targets, tuple(counts), tuple(weights) or (sp.Integer(1),) * len(classes))

    @property
    def blocks(self) -> list[slice]:
        """The rows of each task."""
        ends = [sum(self.classes[: t + 1]) for t in range(len(self.classes))]
        return [slice(end - size, end) for end, size in zip(ends, self.classes, strict=True)]

    def centred_targets(self) -> sp.Matrix:
        """Every task's block less its mean: e_k − 1/K_t for one-hot targets."""
        return self._blockwise(self.targets, lambda block: [y - sum(block) / len(block) for y in block])

    def scaled(self, Z: sp.Matrix) -> sp.Matrix:
        """Z̃ = diag(√c) Z diag(√n)."""
        rows = [sp.sqrt(c) for c, size in zip(self.weights, self.classes, strict=True) for _ in range(size)]
        return sp.diag(*rows) * Z * sp.diag(*(sp.sqrt(n) for n in self.counts))

    def loss(self, Z: sp.Matrix) -> Any:
        """Σ_t c^t Σ_l n_l [ s_tl lse(z_tl) − ⟨y_tl, z_tl⟩ ]."""
        total = sp.Integer(0)
        for column, n in enumerate(self.counts):
            for rows, c in zip(self.blocks, self.weights, strict=True):
                y, z = list(self.targets[rows, column]), list(Z[rows, column])
                reference = max(zip(y, z, strict=True), key=lambda pair: sp.default_sort_key(pair[0]))[1]
                lse = sp.log(sum(sp.exp(sp.expand(u - reference)) for u in z))
                total += c * n * (sum(y) * (lse + reference) - sum(v * u for v, u in zip(y, z, strict=True)))
        return sp.expand(total)

    def multiplier(self, Z: sp.Matrix, tau: Any) -> sp.Matrix:
        """X = −diag(1/√c) V diag(1/√n)/τ, that is diag(√c) (y − s softmax(z)) diag(√n)/τ."""

        def softmax(block: list[Any]) -> list[Any]:
            weights = [sp.exp(sp.expand(u - block[-1])) for u in block]
            return [sp.together(w / sum(weights)) for w in weights]

        masses = self._blockwise(self.targets, lambda block: [sum(block)] * len(block))
        return self.scaled(self.targets - masses.multiply_elementwise(self._blockwise(Z, softmax))) / tau

    def _blockwise(self, matrix: sp.Matrix, change: Callable[[list[Any]], list[Any]]) -> sp.Matrix:
        result = sp.zeros(*matrix.shape)
        for column in range(matrix.shape[1]):
            for rows in self.blocks:
                result[rows, column] = sp.Matrix(change(list(matrix[rows, column])))
        return result


def optimality(
    columns: Columns, Z: sp.Matrix, root: sp.Matrix, tau: Any, given: dict[Any, Any], at: str
) -> tuple[Step, ...]:
    """Z is the global minimizer of the convex program, as four matrix equations.

    root  the square root of Z̃Z̃ᵀ, positive semidefinite; ``given`` what holds at the minimizer, put in at the end;
    ``at`` says in words which problem is written out
    """
    shape = Z.shape
    X_, Z_ = sp.MatrixSymbol("X", *shape), sp.MatrixSymbol(r"\tilde{Z}", *shape)
    S_, one = sp.MatrixSymbol("S", shape[0], shape[0]), sp.ones(shape[1], 1)
    X = _reduced(columns.multiplier(Z, tau).subs(given))
    known = {Z_: columns.scaled(Z).subs(given), X_: X, S_: root.subs(given)}
    weight = sp.diag(*(sp.sqrt(n) for n in columns.counts))
    return (
        identity(
            rf"Written out for {at}: $S$ below, positive semidefinite, is the square root of the Gram matrix,",
            S_ * S_,
            Z_ * Z_.T,
            known,
        ),
        identity(
            r"and $X$, the negative derivative of the loss by $\tilde Z$ over $\tau$, is a partial isometry, so its "
            r"spectral norm is 1,",
            X_ * X_.T * X_,
            X_,
            known,
        ),
        identity(
            r"with $\langle X, \tilde Z\rangle = \mathrm{tr}\, S = \|\tilde Z\|_*$. So $\tau X$ is a subgradient of "
            r"$\tau\|\cdot\|_*$,",
            X_ * Z_.T,
            S_,
            known,
        ),
        identity(
            r"and the derivative by the bias is zero at $b = 0$. The convex program has no better point: the ansatz "
            r"loses nothing.",
            sp.MatMul(X_, weight * one),
            sp.ZeroMatrix(shape[0], 1),
            known,
        ),
    )


def _reduced(matrix: sp.Matrix) -> sp.Matrix:
    """Every distinct entry simplified once."""
    simple = {entry: sp.simplify(entry) for entry in set(matrix)}
    return matrix.applyfunc(simple.__getitem__)
