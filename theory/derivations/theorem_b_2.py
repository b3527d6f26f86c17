"""Theorem B.2, the general form of Theorem 3.1: numbers of classes and weights of the tasks may differ."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization, label_balanced
from theory.derivations.derivation import Derivation
from theory.derivations.simplex_steps import geometry_steps, margin_steps
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.symbols import N, c


def derivation() -> Derivation:
    """One task of weight c with K classes; the others enter only through the decoupling."""
    task = SimplexTask(c, N)
    c1, c2 = sp.symbols("c_1 c_2", positive=True)
    return Derivation(
        name="B.2",
        title="Theorem B.2: label-balanced tasks with numbers of classes and weights of their own",
        source="Appendix B.2, eq. 17; past a threshold beyond the paper",
        hypotheses=(
            r"Single source, hard labels: Problem (3) with $\lambda$'s beside the sum of cross-entropies.",
            r"Every label tuple $(k_1, \ldots, k_T)$ has exactly $n$ samples, $N = n \prod_t K_t$.",
            r"$d \geq \sum_t K_t - T$.",
            r"Below the threshold of every task for the paper's statement; a task past its own has $a_t = 0$.",
        ),
        steps=(
            *factorization.steps(),
            label_balanced.ansatz(),
            label_balanced.between_tasks(),
            *margin_steps(task),
            *geometry_steps(task),
            label_balanced.orthogonal_heads(),
            *label_balanced.nearest_centre(task),
            *label_balanced.written_out((2, 3), r"$K_1 = 2$, $K_2 = 3$, $T = 2$", weights=(c1, c2)),
        ),
    )
