"""Label-balanced tasks with smoothed targets (1 − ε) e_k + ε/K; beyond the paper."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization, label_balanced
from theory.derivations.derivation import Derivation
from theory.derivations.simplex_steps import geometry_steps, margin_steps
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.step import assumed
from theory.derivations.symbols import K, N, c, quantity

epsilon = sp.Symbol("epsilon", nonnegative=True)


def derivation() -> Derivation:
    """One task of weight c; the others enter only through the decoupling."""
    task = SimplexTask(c, N, epsilon)
    return Derivation(
        name="label-smoothing",
        title="Label smoothing",
        source="beyond the paper: docs/theory.md",
        hypotheses=(
            r"Single source, targets $(1 - \epsilon) e_{k_t} + \epsilon/K_t$ with $0 \leq \epsilon < 1$; $\lambda$'s "
            r"beside the sum of cross-entropies.",
            r"Every label tuple has exactly $n$ samples, or every pair of tasks uniform joint counts; $N$ samples.",
            r"$d \geq \sum_t K_t - T$.",
        ),
        steps=(
            *factorization.steps(),
            assumed(
                r"The target of task $t$ at a column with label $k_t$ has, at its label, the entry",
                quantity("y_{k_t}"),
                1 - epsilon + epsilon / K,
            ),
            label_balanced.ansatz(),
            label_balanced.between_tasks(),
            *margin_steps(task),
            *geometry_steps(task),
            label_balanced.orthogonal_heads(),
            *label_balanced.nearest_centre(task),
            *label_balanced.written_out((2, 2), r"$K = 2$, $T = 2$", epsilon=epsilon),
        ),
    )
