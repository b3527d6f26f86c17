"""Squared error where balance makes the singular values known: label-balanced tasks, one task, two correlated tasks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import sympy as sp

from theory.derivations import factorization
from theory.derivations.standard_form import Columns
from theory.derivations.step import Step, assumed, identity, solution
from theory.derivations.symbols import K, N, a, c, lambda_H, lambda_W, n, quantity, tau

SAME, DIFFERENT = sp.symbols("n_s n_d", positive=True)


def balanced() -> tuple[Step, ...]:
    """Every pair of tasks uniform, free bias: s² = c N/K."""
    singular = sp.sqrt(c * N / K)
    below = lambda_H * lambda_W < c * N / (4 * K)
    square, norm, whole = quantity(r"s_t^2"), quantity(r"\|w_k\|^2"), quantity(r"\min P_t")
    least = sp.Piecewise((tau * singular - tau**2 / 2, below), (c * N / (2 * K), True))
    classes = (3, 2)
    columns = Columns.of_labels(
        classes, list(itertools.product(range(3), range(2))), [n] * 6, (c, sp.Symbol("C", positive=True))
    )
    other = columns.weights[1]
    return (
        assumed(
            r"Label-balanced tasks: with the mean taken off, task $t$ has $K - 1$ singular values of square",
            square,
            c * N / K,
        ),
        _written_out(
            r"and the tasks are orthogonal. Written out for classes 3 and 2, weights $c$ and $C$, with $n$ samples of "
            r"every label,",
            columns,
            _blocks([6 * n * c / 3, 6 * n * other / 2], classes),
        ),
        solution(
            r"The logits are $a (e_k - \mathbf{1}/K)$, fitted but for $\tau$ over the singular value, with the "
            r"threshold of Theorem 3.1:",
            a,
            sp.Piecewise((1 - tau / singular, below), (0, True)),
            a * singular - (singular - tau),
            name="margin",
        ),
        identity(
            r"Every row of the head, of $\tilde W \tilde W^\top/c$ and a simplex, has",
            norm,
            sp.sqrt(lambda_H / lambda_W) * sp.sqrt(N / (c * K)) * a * (1 - 1 / K),
            {norm: factorization.head_gram(a * singular) / c * (1 - 1 / K)},
            "gram_diagonal",
        ),
        solution(
            r"and the task's part of the minimum is",
            whole,
            sp.Piecewise(*(((K - 1) * value, condition) for value, condition in least.args)),
            whole - (K - 1) * (tau**2 / 2 + tau * (singular - tau)),
            name="task_objective",
        ),
    )


def orthogonal() -> tuple[Step, ...]:
    """One task of hard labels, no bias: s² = n_k."""
    counts = sp.symbols("n_1 n_2 n_3", positive=True)
    columns = Columns.of_labels((3,), [(0,), (1,), (2,)], counts)
    norm, count = quantity(r"\|w_k\|^2"), sp.Symbol("n_k", positive=True)
    below = lambda_H * lambda_W < count / 4
    return (
        _written_out(
            r"One task of hard labels without bias has orthogonal targets, and so orthogonal heads and features. "
            r"Written out for $K = 3$,",
            columns,
            sp.diag(*counts),
            centred=False,
        ),
        solution(
            r"Class by class, and collapsing class by class,",
            norm,
            sp.Piecewise((sp.sqrt(lambda_H / lambda_W) * (sp.sqrt(count) - tau), below), (0, True)),
            norm - factorization.head_gram(sp.sqrt(count) - tau),
            name="orthogonal_norm",
        ),
    )


def correlated() -> tuple[Step, ...]:
    """n_s where labels agree, n_d where they differ."""
    labels = list(itertools.product(range(3), repeat=2))
    columns = Columns.of_labels((3, 3), labels, [SAME if k == m else DIFFERENT for k, m in labels])
    shared, apart = 2 * SAME + (K - 2) * DIFFERENT, K * DIFFERENT
    of_three = [x.subs(K, 3) for x in (shared, apart)]
    E = sp.eye(3) - sp.ones(3) / 3
    own, between = ((of_three[0] + sign * of_three[1]) / 2 * E for sign in (1, -1))
    s_s, s_a, cosine = quantity("s_s^2"), quantity("s_a^2"), quantity(r"\cos(w_k^1, w_k^2)")
    A = [sp.sqrt(x) - tau for x in (shared, apart)]
    grams = [factorization.head_gram(x) for x in A]
    return (
        assumed(
            r"Two correlated tasks of $K$ classes: what the heads share has singular values of square", s_s, shared
        ),
        assumed(r"and what they differ in", s_a, apart),
        _written_out(
            r"$K - 1$ times each. Written out for $K = 3$,",
            columns,
            sp.Matrix(sp.BlockMatrix([[own, between], [between, own]])),
        ),
        identity(
            r"Below both thresholds the rows of the heads have half the sum of their eigenvalues, and rows of one "
            r"class half the difference between tasks:",
            cosine,
            (A[0] - A[1]) / (A[0] + A[1]),
            {cosine: (grams[0] - grams[1]) / (grams[0] + grams[1])},
            "class_cosine",
        ),
    )


def _written_out(text: str, columns: Columns, gram: Any, *, centred: bool = True) -> Step:
    """Ỹ Ỹᵀ, or that of the centred targets, entry by entry."""
    Y_ = sp.MatrixSymbol(r"\tilde{Y}", sum(columns.classes), len(columns.counts))
    targets = columns.centred_targets() if centred else columns.targets
    return identity(text, Y_ * Y_.T, gram, {Y_: columns.scaled(targets)})


def _blocks(scales: Sequence[Any], classes: Sequence[int]) -> Any:
    return sp.diag(
        *(scale * (sp.eye(size) - sp.ones(size) / size) for scale, size in zip(scales, classes, strict=True))
    )
