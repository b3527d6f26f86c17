"""Tasks that decouple: what Theorems 3.1 and B.2 and pairwise uniform counts say between tasks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import sympy as sp

from theory.derivations.orbits import centred, label_orbits
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.standard_form import Columns, optimality
from theory.derivations.step import Step, assumed, derived, identity
from theory.derivations.symbols import K, a, n, quantity, tau

LOGITS = r"z_{tl} = a_t \left(e_{k_t} - \tfrac{1}{K_t}\mathbf{1}\right)"
ANSATZ = (
    r"The minimizer of the convex program is unique and centred. A permutation of the classes of one task maps the "
    r"problem to itself, and so fixes the minimizer: the bias is zero, and block $t$ of column $l$ is fixed by all "
    r"permutations that keep its label $k_t$, which leaves a multiple of $e_{k_t} - \mathbf{1}/K_t$:"
)


def ansatz(*, tried: bool = False) -> Step:
    """z = a_t (e_{k_t} − 1/K_t), by symmetry or, where there is none, tried."""
    left, right = (side.strip() for side in LOGITS.split("=", 1))
    return assumed(r"Try" if tried else ANSATZ, quantity(left), quantity(right))


def between_tasks() -> Step:
    """Block (s, t) of the Gram matrix holds Σ_k ẽ_k as a factor."""
    total = sum(size * centred(label[0], 0) for label, size in label_orbits(1, 1))
    return identity(
        r"Blocks of different tasks $s \neq t$ vanish: every pair of classes $(k_s, k_t)$ has equally many samples, so "
        r"the block is a multiple of $\left(\sum_k (e_k - \mathbf{1}/K_s)\right)\left(\sum_k (e_k - "
        r"\mathbf{1}/K_t)\right)^\top$, and an entry of such a sum is $\left(1 - 1/K\right) + (K - 1)(-1/K)$. The "
        r"tasks decouple, and the nuclear norm is the sum over tasks.",
        total,
        sp.Integer(0),
    )


def orthogonal_heads() -> Step:
    """cos(w_k^s, w_l^t) = 0."""
    return derived(
        r"Since $\tilde Z \tilde Z^\top$ has no blocks between tasks, its root $\tilde W \tilde W^\top$ has none: "
        r"heads of different tasks $s \neq t$ are orthogonal.",
        r"\cos(w_k^s, w_l^t)",
        sp.Integer(0),
        sum(size * centred(label[0], 0) for label, size in label_orbits(1, 1)).expand(),
        "task_cosine",
    )


def nearest_centre(task: SimplexTask) -> tuple[Step, ...]:
    """SNC5, for every h."""
    beta, g = task.feature_weight, task.head_gram
    return (
        derived(
            r"A task's part of a centre $h_l$ has the same norm for every class, the parts of different tasks are "
            r"orthogonal, and so all centres have one norm:",
            r"\|\beta w_k\|^2",
            sp.simplify(beta**2 * g * (1 - 1 / K)),
            beta**2 * g * (1 - 1 / K),
            "feature_norm",
        ),
        Step(
            r"Hence $\|h - h_l\|^2$ is least where $\sum_t \beta_t \langle w_{k_t}^t, h \rangle$ is largest, that is, "
            r"where every $k_t$ is the decision of its head: the nearest class centre, for every $h$."
        ),
    )


def written_out(
    classes: tuple[int, ...],
    at: str,
    labels: Sequence[tuple[int, ...]] = (),
    weights: Sequence[Any] = (),
    epsilon: Any = 0,
) -> tuple[Step, ...]:
    """Optimality of margins a_t for a few labels, with τ eliminated by each task's own stationarity.

    n samples per label, all labels unless given, and targets smoothed by ε
    """
    labels = labels or list(product(*map(range, classes)))
    columns = Columns.of_labels(classes, labels, [n] * len(labels), weights, epsilon)
    samples = n * len(labels)
    at_margin = [SimplexTask(c, samples, epsilon) for c in columns.weights]
    exponentials = [t.exponential.subs(K, size) for t, size in zip(at_margin, classes, strict=True)]
    margins = [sp.Symbol(f"a_{t + 1}", positive=True) for t in range(len(classes))]
    Z = (
        sp.diag(*(m * sp.eye(size) for m, size in zip(margins, classes, strict=True)))
        * Columns.of_labels(classes, labels, columns.counts).centred_targets()
    )
    root = sp.diag(
        *(
            sp.sqrt(c * samples / size) * m * (sp.eye(size) - sp.ones(size) / size)
            for c, m, size in zip(columns.weights, margins, classes, strict=True)
        )
    )
    X_given = {sp.exp(m): x for m, x in zip(margins, exponentials, strict=True)}
    return (
        identity(
            rf"The loss of these columns ({at}) is the sum of the tasks' losses:",
            columns.loss(Z),
            sum(
                (
                    t.objective.subs(tau, 0).subs({K: size, a: m})
                    for t, m, size in zip(at_margin, margins, classes, strict=True)
                ),
                sp.Integer(0),
            ),
        ),
        *optimality(columns, Z, root, tau, X_given, at),
    )
