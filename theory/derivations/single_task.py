"""One balanced task: neural collapse of Zhu et al. (2021), the case T = 1 of Theorem 3.1."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization, label_balanced
from theory.derivations.derivation import Derivation
from theory.derivations.simplex_steps import geometry_steps, margin_steps
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.symbols import K, n


def derivation() -> Derivation:
    """K classes of n samples."""
    task = SimplexTask(sp.Integer(1), K * n)
    return Derivation(
        name="single-task",
        title="Single-task neural collapse",
        source="Zhu et al. 2021, with the paper's penalties; Theorem 3.1 with one task",
        hypotheses=(
            r"One task of $K$ classes, each with $n$ samples, hard labels; $\lambda$'s beside the sum of "
            r"cross-entropies.",
            r"$d \geq K - 1$.",
        ),
        steps=(
            *factorization.steps(),
            label_balanced.ansatz(),
            *margin_steps(task, "objective"),
            *geometry_steps(task),
            *label_balanced.nearest_centre(task),
            *label_balanced.written_out((3,), r"$K = 3$"),
        ),
    )
