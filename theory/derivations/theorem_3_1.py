"""Theorem 3.1: label-balanced single-source multi-task classification, equal numbers of classes and weights."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization, label_balanced
from theory.derivations.derivation import Derivation
from theory.derivations.simplex_steps import geometry_steps, margin_steps
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.step import derived
from theory.derivations.symbols import N, T


def derivation() -> Derivation:
    """T tasks of K classes, all alike."""
    task = SimplexTask(sp.Integer(1), N)
    one = task.objective
    return Derivation(
        name="3.1",
        title="Theorem 3.1: label-balanced tasks",
        source="Theorem 3.1, eq. 14; past the threshold beyond the paper",
        hypotheses=(
            r"Single source, hard labels: Problem (3) with $\lambda$'s beside the sum of cross-entropies.",
            r"Every label tuple $(k_1, \ldots, k_T)$ has exactly $n$ samples, $N = n K^T$.",
            r"$K_t = K$ and $c^t = 1$ for every task, and $d \geq T (K - 1)$.",
            r"Below the threshold for the paper's statement; past it the minimizer is zero.",
        ),
        steps=(
            *factorization.steps(),
            label_balanced.ansatz(),
            label_balanced.between_tasks(),
            *margin_steps(task),
            derived(r"The $T$ tasks are alike.", r"\min F", T * one, T * one, "objective"),
            *geometry_steps(task),
            label_balanced.orthogonal_heads(),
            *label_balanced.nearest_centre(task),
            *label_balanced.written_out((2, 2), r"$K = 2$, $T = 2$"),
        ),
    )
