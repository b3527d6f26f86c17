"""Theorem 3.2: multi-source multi-task classification, every task with samples and features of its own."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization, label_balanced
from theory.derivations.derivation import Derivation
from theory.derivations.simplex_steps import geometry_steps, margin_steps
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.step import Step, derived, identity
from theory.derivations.symbols import K, c, lambda_H, lambda_W, n


def derivation() -> Derivation:
    """One task of K classes with n samples each; the others share nothing with it."""
    task = SimplexTask(sp.Integer(1), K * n)
    whole = c * task.objective
    rho = sp.Symbol("rho", positive=True)
    return Derivation(
        name="3.2",
        title="Theorem 3.2: tasks with samples of their own",
        source="Theorem 3.2, eq. 23; past the threshold beyond the paper",
        hypotheses=(
            r"Multi source, hard labels: Problem (4) with $\lambda$'s beside the sum of cross-entropies.",
            r"Every task is class-balanced: $n_t$ samples of each of its $K_t$ classes.",
            r"$d \geq \max_t K_t - 1$.",
            r"Below the threshold of every task for the paper's statement; a task past its own is zero.",
        ),
        steps=(
            Step(
                r"No variable of Problem (4) belongs to two tasks, and $c^t$ multiplies all terms of its task, "
                r"penalties included. So every task is on its own, and its minimizers do not depend on $c^t$. Below, "
                r"the task's index is dropped, and $c$ is put back in the minimum."
            ),
            *factorization.steps(),
            label_balanced.ansatz(),
            *margin_steps(task, "minimum_over_weight"),
            derived(r"With the task's weight,", r"\min F_t", whole, whole, "task_objective"),
            *geometry_steps(task),
            identity(
                r"Here $h = \beta w_k$: heads and centres are self-dual, $w_k = \rho h$ with (eq. 23)",
                rho,
                sp.sqrt(lambda_H * n / lambda_W),
                {rho: 1 / task.feature_weight},
                "self_duality",
            ),
            *label_balanced.nearest_centre(task),
            *label_balanced.written_out((3,), r"$K = 3$"),
        ),
    )
