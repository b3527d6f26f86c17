"""The steps from one task's logits a (e_k − 1/K) to its margin, its head and its features."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization
from theory.derivations.cross_entropy import as_written, cross_entropy, softmax
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.step import Step, assumed, derived, identity, solution
from theory.derivations.symbols import K, a, lambda_H, lambda_product, lambda_W, quantity, tau

_P = sp.Symbol("P", real=True)


def margin_steps(task: SimplexTask, minimum: str = "task_objective") -> tuple[Step, ...]:
    """Loss, Gram matrix, singular values, objective, stationarity, margin, threshold, minimum (of that name)."""
    loss = cross_entropy(task.entries)
    gram, P = task.gram, task.objective
    derivative = sp.diff(P, a)
    below = lambda_H * lambda_W < task.threshold
    scale = (K - 1) / sp.sqrt(K) * sp.sqrt(task.c * task.N)
    return (
        identity(
            r"One task at a time, its index dropped. A column's logits are $a(1 - 1/K)$ at the label and $-a/K$ at the "
            r"$K - 1$ other classes. Its loss is",
            as_written(task.entries),
            loss,
        ),
        identity(
            r"The task's block of $\tilde Z \tilde Z^\top$ sums over $N/K$ samples of each class. Counting classes "
            r"equal to a row, or to two rows, its entry off the diagonal is",
            gram.ones,
            -task.c * task.N * a**2 / K**2,
        ),
        identity(
            r"and its entry on the diagonal. The block is therefore a multiple of $I - \mathbf{1}\mathbf{1}^\top/K$, "
            r"which is zero on the ones vector.",
            gram.diagonal,
            task.c * task.N * a**2 / K * (1 - 1 / K),
        ),
        identity(
            r"On the $K - 1$ dimensions of vectors that sum to zero it is the number $\sigma^2$,",
            gram.diagonal - gram.ones,
            task.singular_value**2,
        ),
        assumed(r"so the convex program restricted to these logits is", _P, P),
        identity(
            r"Its derivative is",
            sp.Derivative(P, a),
            task.c * task.N * (K - 1) * (task.epsilon / K - 1 / (sp.exp(a) + K - 1)) + tau * scale,
        ),
        identity(
            r"It is strictly convex, since the second derivative is positive:",
            sp.Derivative(P, (a, 2)),
            task.c * task.N * (K - 1) * sp.exp(a) / (sp.exp(a) + K - 1) ** 2,
        ),
        solution(r"The derivative vanishes at", a, sp.log(task.exponential), derivative),
        identity(
            r"At $a = 0$ the derivative has the sign of the last factor. Where that is not negative the minimum over "
            r"$a \geq 0$ is at $a = 0$:",
            derivative.subs(a, 0),
            scale * (tau - (1 - task.epsilon) * sp.sqrt(task.c * task.N / K)),
        ),
        solution(
            r"The threshold is where the stationary margin is zero,",
            lambda_product,
            task.threshold,
            sp.log(task.exponential).subs(tau, 2 * sp.sqrt(lambda_product)),
            given=task.fraction,
            name="threshold",
        ),
        solution(
            r"and the margin is",
            a,
            sp.Piecewise((sp.log(task.exponential), below), (0, True)),
            derivative,
            given=task.fraction,
            name="margin",
        ),
        identity(r"The minimum is, at that margin,", quantity(r"\min P"), P, {quantity(r"\min P"): P}, minimum),
    )


def geometry_steps(task: SimplexTask) -> tuple[Step, ...]:
    """The head's Gram matrix and cosines, and the features."""
    g, weight = task.head_gram, task.feature_weight
    diagonal, off = sp.factor(g * (1 - 1 / K)), -g / K
    beta = quantity(r"\beta")
    kappa = task.residual
    return (
        derived(
            r"By the first step $\tilde W \tilde W^\top$ has $s^2$ at $\sigma$ in place of $\sigma^2$. So "
            r"$W W^\top = s^2/c \,(I - \mathbf{1}\mathbf{1}^\top/K)$: every row has",
            r"\|w_k\|^2",
            diagonal,
            factorization.head_gram(task.singular_value) / task.c * (1 - 1 / K),
            "gram_diagonal",
        ),
        derived(
            r"and two rows $k \neq l$ have",
            r"\langle w_k, w_l \rangle",
            off,
            -factorization.head_gram(task.singular_value) / task.c / K,
            "gram_off_diagonal",
        ),
        derived(
            r"a simplex equiangular tight frame where $a > 0$:",
            r"\cos(w_k, w_l)",
            -1 / (K - 1),
            off / diagonal,
            "cosine",
        ),
        solution(
            r"Also by the first step $\tilde H = \tilde W^\top \tilde Z / s^2$ along every singular direction, and "
            r"$\sum_k w_k = 0$. So the task's part of $h$ is $\beta w_k$ with $\beta = c\, a / s^2$, and "
            r"$W \beta w_k$ is the block of logits:",
            beta,
            weight,
            beta * g - a,
            name="feature_weight",
        ),
        identity(
            r"Optimality among all logits, not only these. The residual $y - \mathrm{softmax}(z)$ is "
            r"$\kappa (e_k - \mathbf{1}/K)$ with, at the label and elsewhere, the same",
            task.entries[0].target - softmax(task.entries)[0],
            kappa * (1 - 1 / K),
        ),
        identity(
            r"and its Gram matrix, weighted like $\tilde Z$'s and over $\tau^2$, has on vectors that sum to zero the "
            r"eigenvalue",
            kappa**2 * task.c * task.N / (K * tau**2),
            sp.Integer(1),
            {a: sp.log(task.exponential)},
        ),
    )
