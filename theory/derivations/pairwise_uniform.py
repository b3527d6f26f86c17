"""Uniform joint counts of every pair of tasks (orthogonal arrays of strength 2) suffice for Theorem B.2."""

from __future__ import annotations

from itertools import product

import sympy as sp

from theory.derivations import factorization, label_balanced
from theory.derivations.derivation import Derivation
from theory.derivations.simplex_steps import geometry_steps, margin_steps
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.standard_form import Columns
from theory.derivations.step import Step, identity
from theory.derivations.symbols import N, c


def only_pairs() -> Step:
    """Z̃Z̃ᵀ from arbitrary counts of all label tuples of three binary tasks, and from their pair counts alone."""
    labels = list(product(range(2), repeat=3))
    counts = {label: sp.Symbol("n_" + "".join(str(k + 1) for k in label), positive=True) for label in labels}
    margins = sp.symbols("a_1:4", positive=True)
    columns = Columns.of_labels((2, 2, 2), labels, list(counts.values()))
    Z = sp.diag(*(m * sp.eye(2) for m in margins)) * columns.centred_targets()
    simplex = sp.eye(2) - sp.ones(2) / 2

    def block(s: int, t: int) -> sp.Matrix:
        pairs = sp.Matrix(
            2, 2, lambda i, j: sum(count for label, count in counts.items() if label[s] == i and label[t] == j)
        )
        if s == t:  # the pair (k, k): classes alone
            assert pairs.is_diagonal()
        return margins[s] * margins[t] * simplex * pairs * simplex

    gram = sp.Matrix(sp.BlockMatrix([[block(s, t) for t in range(3)] for s in range(3)]))
    Z_, G_ = sp.MatrixSymbol(r"\tilde{Z}", 6, 8), sp.MatrixSymbol("G", 6, 6)
    return identity(
        r"The nuclear norm needs only $\tilde Z \tilde Z^\top$, and the loss only the classes of each task by "
        r"themselves. With $N_{ij}^{st} = \sum_l n_l$ over the labels $l$ with $k_s = i$, $k_t = j$, block $(s, t)$ of "
        r"$\tilde Z\tilde Z^\top$ is $\sqrt{c^s c^t}\, a_s a_t \sum_l n_l (e_{k_s} - \mathbf{1}/K_s)(e_{k_t} - "
        r"\mathbf{1}/K_t)^\top = \sqrt{c^s c^t}\, a_s a_t \sum_{ij} N_{ij}^{st} (e_i - \mathbf{1}/K_s)(e_j - "
        r"\mathbf{1}/K_t)^\top$: pair counts. Written out for three binary tasks whose eight counts are arbitrary, "
        r"with $G$ made of the pair counts alone,",
        Z_ * Z_.T,
        G_,
        {Z_: columns.scaled(Z), G_: gram},
    )


def derivation() -> Derivation:
    """Theorem B.2's derivation, where only pairs of tasks are balanced."""
    task = SimplexTask(c, N)
    array = [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    latin = [(i, j, (i + j) % 3) for i in range(3) for j in range(3)]
    return Derivation(
        name="pairwise-uniform",
        title="Pairwise uniform counts",
        source="beyond the paper: docs/theory.md",
        hypotheses=(
            r"Single source, hard labels: Problem (3) with $\lambda$'s beside the sum of cross-entropies.",
            r"Every pair of tasks has uniform joint counts, $N_{ij}^{st} = N/(K_s K_t)$: an orthogonal array of "
            r"strength 2. Most label tuples may be absent.",
            r"$d \geq \sum_t K_t - T$.",
        ),
        steps=(
            *factorization.steps(),
            Step(
                r"No permutation of classes maps such counts to themselves in general, so symmetry does not give the "
                r"ansatz. It is tried, and the optimality conditions at the end accept it."
            ),
            label_balanced.ansatz(tried=True),
            only_pairs(),
            label_balanced.between_tasks(),
            *margin_steps(task),
            *geometry_steps(task),
            Step(
                r"The residuals have the blocks of $\tilde Z$ with $\kappa_t$ for $a_t$, so their Gram matrix too "
                r"needs only pair counts and has no blocks between tasks: $X$ has spectral norm 1, and $\langle X, "
                r"\tilde Z\rangle = \|\tilde Z\|_*$, whatever the number of tasks."
            ),
            label_balanced.orthogonal_heads(),
            *label_balanced.nearest_centre(task),
            *label_balanced.written_out((2, 2, 2), r"4 of the 8 labels of three binary tasks", array),
            *label_balanced.written_out((3, 3, 3), r"a Latin square of order 3, 9 of 27 labels", latin),
        ),
    )
