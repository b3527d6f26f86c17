"""Labels in half of the samples, every pair in a quarter: as many binary tasks, with a sigmoid for two heads."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization
from theory.derivations.simplex_task import SimplexTask
from theory.derivations.step import Step, assumed, identity, solution
from theory.derivations.symbols import K, N, a, c, lambda_H, lambda_product, lambda_W, quantity, tau

ONE = c * N * sp.log(1 + sp.exp(-a)) + tau * sp.sqrt(c * N) * a


def steps() -> tuple[Step, ...]:
    """The program of one label, its minimum, and the binary task with the same."""
    slope = sp.diff(ONE, a)
    margin = sp.log(sp.sqrt(c * N) / tau - 1)
    below = lambda_H * lambda_W < c * N / 16
    program, whole, norm = quantity("P_k"), quantity(r"\min P_k"), quantity(r"\|w_k\|^2")
    return (
        assumed(
            r"Sets of hard labels, each label in half of the samples and every pair in a quarter: the rows of signs "
            r"$s = 2 \cdot 1_S - 1$ are orthogonal and sum to zero. With logits $a s$ and $b = 0$ a label's part of "
            r"the convex program is",
            program,
            ONE,
        ),
        solution(
            r"Its derivative is zero at $a = 0$ at the threshold",
            lambda_product,
            c * N / 16,
            slope.subs(a, 0).subs(tau, 2 * sp.sqrt(lambda_product)),
            name="label_threshold",
        ),
        solution(r"and below it at", a, sp.Piecewise((margin, below), (0, True)), slope, name="label_margin"),
        identity(r"where the label costs", whole, ONE, {whole: ONE}, "label_objective"),
        identity(
            r"Its head, orthogonal to the others, has",
            norm,
            sp.sqrt(lambda_H / lambda_W) * sp.sqrt(N / c) * a,
            {norm: factorization.head_gram(sp.sqrt(c * N) * a) / c},
            "label_gram",
        ),
        identity(
            r"This is the program of a task of two classes under cross-entropy with $2\lambda_W$ in place of "
            r"$\lambda_W$, which multiplies $\tau$ by $\sqrt{2}$: two opposite heads for one.",
            ONE,
            SimplexTask(c, N).objective.subs(K, 2).subs(tau, sp.sqrt(2) * tau),
        ),
    )
