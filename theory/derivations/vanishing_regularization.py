"""Regularization that vanishes: the leading order as λ → 0, for two correlated tasks; beyond the paper."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.derivations import binary_pairs, class_pairs
from theory.derivations.class_pairs import alpha, delta, gamma, n_d, n_s
from theory.derivations.derivation import Derivation
from theory.derivations.step import Step, assumed, derived, identity, solution
from theory.derivations.symbols import K, n, quantity, tau

LIMIT = {alpha: sp.Integer(1), gamma: sp.Integer(1), delta: sp.Integer(0)}
mu_same, mu_other_label, mu_rest = sp.symbols(r"mu_1 mu_2 mu_3", real=True)


def limit_singular_values() -> tuple[Any, Any]:
    """σ_s, σ_a of the centred labels themselves, α = γ = 1 and δ = 0."""
    symmetric, antisymmetric = class_pairs.squared_singular_values()
    return sp.sqrt(sp.factor(symmetric.subs(LIMIT))), sp.sqrt(sp.factor(antisymmetric.subs(LIMIT)))


def derivation() -> Derivation:
    """Two binary tasks from their closed form, K classes from the limit program."""
    return Derivation(
        name="vanishing-regularization",
        title="Vanishing regularization of two correlated tasks",
        source="beyond the paper: docs/theory.md; Thrampoulidis et al. 2022 for one task",
        hypotheses=(
            r"Single source, two tasks of $K \geq 2$ classes, hard labels, equal task weights.",
            r"$n_s > 0$ samples at each label $(k, k)$ and $n_d > 0$ at each label $(k, l)$ with $k \neq l$.",
            r"$\tau = 2\sqrt{\lambda_H\lambda_W} \to 0$.",
        ),
        steps=(*_binary(), *_limit_program(), *_multipliers(), *_cosine()),
    )


def _binary() -> tuple[Step, ...]:
    margin = sp.log(binary_pairs.stationary())
    A_s, A_d = (sp.sqrt(count) * margin.subs(n, count) for count in (binary_pairs.n_s, binary_pairs.n_d))
    value = (sp.sqrt(n_s) - sp.sqrt(n_d)) / (sp.sqrt(n_s) + sp.sqrt(n_d))
    return (
        identity(
            r"Two binary tasks first, from Theorem 5.1. To leading order every margin is $\log(1/\tau)$, whatever its "
            r"count:",
            sp.Limit(margin / sp.log(1 / tau), tau, 0),
            sp.Integer(1),
        ),
        derived(
            r"so the cosine $(A(n_s) - A(n_d))/(A(n_s) + A(n_d))$ tends to",
            r"\lim \cos(w_1^1, w_1^2)",
            value,
            sp.Limit((A_s - A_d) / (A_s + A_d), tau, 0),
            "cosine_binary",
        ),
    )


def _scaled_loss(margin: Any) -> Any:
    """Of a margin times log(1/τ), over τ log(1/τ)."""
    return sp.log(1 + (K - 1) * tau**margin) / (tau * sp.log(1 / tau))


def _limit_program() -> tuple[Step, ...]:
    return (
        Step(
            r"In general write the logits as $\log(1/\tau)$ times $\hat Z$, so that a margin $\mu$ of $\hat Z$ leaves "
            r"the loss $\log(1 + (K - 1) \tau^\mu)$, and divide the convex program by $\tau\log(1/\tau)$. The nuclear "
            r"norm of $\hat Z$ stays. A margin of 1 or more costs nothing in the limit,"
        ),
        identity(r"since at $\mu = 1$", sp.Limit(_scaled_loss(1), tau, 0), sp.Integer(0)),
        identity(
            r"and a smaller one everything: at $\mu = 1/2$ already",
            sp.Limit(1 / _scaled_loss(sp.Rational(1, 2)), tau, 0),
            sp.Integer(0),
        ),
        Step(
            r"What remains is the least nuclear norm among logits whose margins are all at least 1. For $K$ classes, "
            r"with the three logits $\alpha, \gamma, \delta$ of the law of correlated classes, it is the least "
            r"$\sigma_s + \sigma_a$ with $\alpha \geq 1$, $\gamma - \delta \geq 1$ (against the other task's class) "
            r"and $\gamma \geq 1$ (against the rest)."
        ),
        assumed(
            r"Try the centred labels, $\alpha = \gamma = 1$ and $\delta = 0$, where all margins are 1:",
            quantity(r"\hat{z}_l^t"),
            quantity(r"e_{k_t} - \tfrac{1}{K}\mathbf{1}"),
        ),
    )


def _multipliers() -> tuple[Step, ...]:
    symmetric, antisymmetric = class_pairs.squared_singular_values()
    norm = sp.sqrt(symmetric) + sp.sqrt(antisymmetric)
    lagrangian = norm - mu_same * (alpha - 1) - mu_other_label * (gamma - delta - 1) - mu_rest * (gamma - 1)
    slopes = [sp.simplify(_slope(lagrangian, variable)) for variable in (alpha, gamma, delta)]
    unknowns = (mu_same, mu_other_label, mu_rest)
    (found,) = sp.linsolve(slopes, unknowns)
    found = tuple(sp.simplify(value) for value in found)
    sigma_s, sigma_a = limit_singular_values()
    both = dict(zip(unknowns, found, strict=True))
    texts = (
        r"The program is convex, so multipliers that are not negative prove it. Stationarity in $\alpha, \gamma, "
        r"\delta$ is three linear equations, solved by: of $\alpha \geq 1$,",
        r"of $\gamma - \delta \geq 1$,",
        r"and of $\gamma \geq 1$.",
    )
    steps = [
        solution(
            text, unknown, value, *(slope.subs({k: v for k, v in both.items() if k != unknown}) for slope in slopes)
        )
        for text, unknown, value in zip(texts, unknowns, found, strict=True)
    ]
    steps += [
        identity(
            r"The first and third are not negative. The second is $n_d$ times $K/\sigma_a - (K - 2)/\sigma_s$,",
            mu_other_label,
            n_d * (K / sigma_a - (K - 2) / sigma_s),
            {mu_other_label: found[1]},
            "multiplier",
        ),
        identity(
            r"and positive, since $K\sigma_s > (K - 2)\sigma_a$ for all counts:",
            (K * sigma_s) ** 2 - ((K - 2) * sigma_a) ** 2,
            2 * K * (K * n_s + (K - 2) * n_d),
        ),
    ]
    return tuple(steps)


def _slope(lagrangian: Any, variable: Any) -> Any:
    """Derivative at the centred labels, along one variable: there γ − δ is positive, and its absolute value smooth."""
    t = sp.Symbol("t", real=True)
    moved = LIMIT | {variable: LIMIT[variable] + t}
    return sp.diff(lagrangian.subs(moved), t).subs(t, 0)


def _cosine() -> tuple[Step, ...]:
    sigma_s, sigma_a = limit_singular_values()
    law = (sigma_s - sigma_a) / (sigma_s + sigma_a)
    return (
        Step(
            r"So the logits tend to a multiple of the centred labels $\hat Z$, the heads' Gram matrix to a multiple of "
            r"the root of $\hat Z \,\mathrm{diag}(n)\, \hat Z^\top$, as slowly as $1/\log(1/\tau)$, for every $K \geq "
            r"2$ and all counts."
        ),
        derived(
            r"The cosine is $(\sigma_s - \sigma_a)/(\sigma_s + \sigma_a)$ there:",
            r"\lim \cos(w_k^1, w_k^2)",
            law,
            law,
            "cosine",
        ),
        identity(
            r"which for $K = 2$ is the limit found from Theorem 5.1.",
            law.subs(K, 2),
            (sp.sqrt(n_s) - sp.sqrt(n_d)) / (sp.sqrt(n_s) + sp.sqrt(n_d)),
        ),
    )
