"""Theorem 5.1: two correlated binary tasks, n_s samples at labels that agree and n_d at labels that differ."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization
from theory.derivations.binary_pairs import (
    PAIRS,
    a_d,
    a_n,
    a_s,
    columns,
    logits,
    n_d,
    n_s,
    pair_objective,
    root_of_gram,
    singular_value,
    stationary,
)
from theory.derivations.derivation import Derivation
from theory.derivations.standard_form import optimality
from theory.derivations.step import Step, derived, equation, identity, solution
from theory.derivations.symbols import lambda_H, lambda_product, lambda_W, n, quantity, tau

WORDS = {"same": "agree", "different": "differ"}


def derivation() -> Derivation:
    """From four columns to the cosine."""
    return Derivation(
        name="5.1",
        title="Theorem 5.1: two correlated binary tasks",
        source="Theorem 5.1, eqs. 29 and 31; past a threshold beyond the paper",
        hypotheses=(
            r"Single source, two binary tasks, hard labels, equal task weights 1; $\lambda$'s beside the sum of "
            r"cross-entropies.",
            r"Task-balanced: $n_s$ samples at each of the labels $(1,1), (2,2)$ and $n_d$ at each of $(1,2), (2,1)$.",
            r"$d \geq 2$.",
            r"Below the thresholds of $n_s$ and $n_d$ for the paper's statement; past one, that pair's margin is zero.",
        ),
        steps=(*factorization.steps(), *_spectrum(), *_margins(), *_geometry(), *_optimality()),
    )


def _spectrum() -> tuple[Step, ...]:
    Z_, x = sp.MatrixSymbol(r"\tilde{Z}", 4, 4), sp.Symbol("x", real=True)
    Z = columns.scaled(logits())
    gram = Z * Z.T
    values = [singular_value(count, margin) for count, margin, _ in PAIRS]
    objective = quantity("P")
    reduced = sum((pair_objective(count, margin) for count, margin, _ in PAIRS), sp.Integer(0))
    return (
        Step(
            r"The problem is mapped to itself by exchanging both tasks' classes at once, and by exchanging the tasks. "
            r"Its one minimizer is centred and keeps these: no bias, and logits $\pm a/2$ with $a = a_s$ where labels "
            r"agree and $a = a_d$ where they differ. The columns $(1,1), (2,2), (1,2), (2,1)$, weighted, are",
            equation(Z_, Z),
            assumed=True,
        ),
        identity(
            r"The characteristic polynomial of $\tilde Z \tilde Z^\top$ is",
            sp.expand((x * sp.eye(4) - gram).det(method="berkowitz")),
            x**2 * (x - values[0] ** 2) * (x - values[1] ** 2),
        ),
        identity(
            r"so $\tilde Z$ has the singular values $\sqrt{2 n_s} a_s$ and $\sqrt{2 n_d} a_d$, and the loss is",
            columns.loss(logits()),
            reduced.subs(tau, 0),
        ),
        Step(
            r"The convex program restricted to these logits falls into one part for each pair of labels:",
            equation(objective, reduced),
            assumed=True,
        ),
    )


def _margins() -> tuple[Step, ...]:
    part = pair_objective(n, a_n)
    derivative = sp.diff(part, a_n)
    exponential = stationary()
    (largest,) = sp.solve(derivative.subs(a_n, 0), tau)
    threshold = largest**2 / 4
    least = sum((pair_objective(count, margin) for count, margin, _ in PAIRS), sp.Integer(0))
    steps = [
        identity(
            r"With $n$ for $n_s$ or $n_d$, the derivative of a part is",
            sp.Derivative(part, a_n),
            tau * sp.sqrt(2 * n) - 4 * n / (sp.exp(a_n) + 1),
        ),
        identity(
            r"and the second derivative is positive:",
            sp.Derivative(part, (a_n, 2)),
            4 * n * sp.exp(a_n) / (sp.exp(a_n) + 1) ** 2,
        ),
        solution(r"The derivative vanishes at", a_n, sp.log(exponential), derivative),
        solution(
            r"which is zero at the threshold; past it the derivative at $0$ is not negative, and the margin is zero:",
            lambda_product,
            threshold,
            sp.log(exponential).subs(tau, 2 * sp.sqrt(lambda_product)),
            name="threshold",
        ),
        identity(
            r"The derivative at $0$ is",
            derivative.subs(a_n, 0),
            sp.sqrt(2 * n) * (tau - sp.sqrt(2 * n)),
        ),
    ]
    for count, margin, name in PAIRS:
        cases = sp.Piecewise(
            (sp.log(exponential.subs(n, count)), lambda_H * lambda_W < threshold.subs(n, count)), (0, True)
        )
        slope = derivative.subs({n: count, a_n: margin}, simultaneous=True)
        steps.append(
            solution(rf"Labels that {WORDS[name]} have the margin", margin, cases, slope, name=f"margin_{name}")
        )
    steps.append(derived(r"The minimum is, at these margins,", r"\min F", least, least, "objective"))
    return tuple(steps)


def _geometry() -> tuple[Step, ...]:
    values = [singular_value(count, margin) for count, margin, _ in PAIRS]
    S_, Z_ = sp.MatrixSymbol("S", 4, 4), sp.MatrixSymbol(r"\tilde{Z}", 4, 4)
    S, Z = root_of_gram(), columns.scaled(logits())
    gram = S.applyfunc(lambda x: sp.expand(x / values[0] * factorization.head_gram(values[0])))
    w, cosine = quantity(r"\|w_k^t\|^2"), quantity(r"\cos(w_1^1, w_1^2)")
    A_s, A_d = sp.sqrt(n_s) * a_s, sp.sqrt(n_d) * a_d
    size = sp.sqrt(n) * a_n
    steps = [
        identity(
            r"The root of $\tilde Z \tilde Z^\top$ has $S^2 = \tilde Z \tilde Z^\top$,",
            S_ * S_,
            Z_ * Z_.T,
            {S_: S, Z_: Z},
        ),
        Step(
            r"where, with $\sigma_s = \sqrt{2 n_s} a_s$ and $\sigma_d = \sqrt{2 n_d} a_d$, it is",
            equation(S_, root_of_gram(sp.symbols("sigma_s sigma_d", positive=True))),
            given=dict(zip(sp.symbols("sigma_s sigma_d", positive=True), values, strict=True)) | {S_: S},
        ),
        identity(
            r"The heads' Gram matrix is $\sqrt{\lambda_H/\lambda_W}\, S$: $w_2^t = -w_1^t$, every row has",
            w,
            sp.factor(gram[0, 0]),
            {w: gram[0, 0]},
            "gram_diagonal",
        ),
        derived(
            r"and between tasks", r"\langle w_1^1, w_1^2 \rangle", sp.factor(gram[0, 2]), gram[0, 2], "gram_between"
        ),
        identity(
            r"With $A(n) = \sqrt{n}\, a(n)$ the cosine is $(A(n_s) - A(n_d))/(A(n_s) + A(n_d))$:",
            cosine,
            (A_s - A_d) / (A_s + A_d),
            {cosine: gram[0, 2] / gram[0, 0]},
            "cosine",
        ),
        identity(
            r"$A$ rises with $n$, since its derivative, at a margin $a$, is positive; so the cosine rises with $n_s$ "
            r"at fixed $n_s + n_d$:",
            sp.diff(size.subs(a_n, sp.log(stationary())), n),
            (a_n + 1 + sp.exp(-a_n)) / (2 * sp.sqrt(n)),
            {a_n: sp.log(stationary())},
        ),
    ]
    G_, Y_, B_, V_ = (
        sp.MatrixSymbol("G", 4, 4),
        sp.MatrixSymbol("Y", 4, 4),
        sp.MatrixSymbol("B", 4, 4),
        sp.MatrixSymbol("Z", 4, 4),
    )
    weights = {}
    for (_, margin, name), value in zip(PAIRS, values, strict=True):
        beta = sp.Symbol(f"beta_{name[0]}", positive=True)
        weights[name] = sp.simplify(margin * factorization.feature_factor(value))
        steps.append(
            solution(
                rf"Features of labels that {WORDS[name]}: $\tilde h = \tilde W^\top \tilde z / s^2$ and $w_1^t + w_2^t "
                rf"= 0$ give "
                r"$h = \beta (w_{k_1}^1 + w_{k_2}^2)$ with (eq. 29)",
                beta,
                weights[name],
                beta * factorization.head_gram(value) - margin,
                name=f"feature_weight_{name}",
            )
        )
    B = sp.diag(weights["same"], weights["same"], weights["different"], weights["different"])
    steps += [
        identity(
            r"These features have the logits they should: with $G = W W^\top$, one-hot labels $Y$ and $B$ the diagonal "
            r"matrix of the $\beta$'s,",
            G_ * Y_ * B_,
            V_,
            {G_: gram, Y_: columns.targets, B_: B, V_: logits()},
        ),
        identity(
            r"The paper's eq. 31 for labels that agree, $2\|w\|^2(1 + \cos) = \sqrt{2\lambda_H n_s/\lambda_W}\; a_s$, "
            r"follows:",
            2 * w * (1 + cosine),
            sp.sqrt(2 * lambda_H * n_s / lambda_W) * a_s,
            {w: gram[0, 0], cosine: gram[0, 2] / gram[0, 0]},
        ),
        identity(
            r"and for labels that differ, where the cosine has the other sign:",
            2 * w * (1 - cosine),
            sp.sqrt(2 * lambda_H * n_d / lambda_W) * a_d,
            {w: gram[0, 0], cosine: gram[0, 2] / gram[0, 0]},
        ),
    ]
    return tuple(steps)


def _optimality() -> tuple[Step, ...]:
    given = {sp.exp(margin): stationary().subs(n, count) for count, margin, _ in PAIRS}
    return optimality(columns, logits(), root_of_gram(), tau, given, r"all four labels")
