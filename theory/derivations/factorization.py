"""The penalties of heads and features, minimized over the factors of fixed logits: the nuclear norm.

    min { λ_W ‖W̃‖² + λ_H ‖H̃‖² : W̃ H̃ = Z̃ } = τ ‖Z̃‖_*,   τ = 2 √(λ_H λ_W)

One singular value σ at a time, W̃ = s u and H̃ = (σ/s) vᵀ; the least s is found, not given.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.derivations.step import Step, assumed, identity, solution
from theory.derivations.symbols import lambda_H, lambda_W, quantity, tau, tau_of_lambda

sigma = sp.Symbol("sigma", positive=True)
s = sp.Symbol("s", positive=True)
cost = lambda_W * s**2 + lambda_H * sigma**2 / s**2


@cache
def head_scale() -> sp.Expr:
    """The s > 0 at which the cost of one singular value is least."""
    (root,) = sp.solve(sp.diff(cost, s), s)
    return root


def head_gram(singular_value: sp.Expr) -> sp.Expr:
    """s²: what a singular value of Z̃ becomes in W̃ W̃ᵀ."""
    return sp.powdenest(head_scale() ** 2, force=True).subs(sigma, singular_value)


def feature_factor(singular_value: sp.Expr) -> sp.Expr:
    """1/s²: W̃ᵀ Z̃ has the singular value s σ where H̃ has σ/s, so H̃ = W̃ᵀ Z̃ / s² along each singular direction."""
    return 1 / head_gram(singular_value)


def steps() -> tuple[Step, ...]:
    """From the penalties to τ times the nuclear norm, and back to the factors."""
    p, q = sp.symbols("p q", positive=True)
    return (
        assumed(
            r"Let $\tilde W$ be the heads with row weights $\sqrt{c^t}$ and $\tilde H$ the features with column "
            r"weights $\sqrt{n_l}$, so that the penalties are $\lambda_W \|\tilde W\|^2 + \lambda_H \|\tilde H\|^2$ "
            r"and $\tilde Z = \tilde W \tilde H$. With $u, v$ singular vectors of $\tilde Z$ for the singular value "
            r"$\sigma$, put $\tilde W = s\, u$ and $\tilde H = (\sigma / s)\, v^\top$. This costs",
            quantity(r"\mathrm{cost}(s)"),
            cost,
        ),
        solution(
            r"The derivative by $s$ vanishes at",
            s,
            head_scale(),
            sp.diff(cost, s),
        ),
        identity(
            r"where the cost is $\tau\sigma$ with $\tau = 2\sqrt{\lambda_H \lambda_W}$.",
            cost.subs(s, head_scale()),
            tau * sigma,
            {tau: tau_of_lambda},
        ),
        identity(
            r"No factorization costs less: with $p = \|\tilde W\|$ and $q = \|\tilde H\|$ the penalties exceed $\tau p "
            r"q$ by a square, and $p q \geq \|\tilde W \tilde H\|_*$. So minimizing over $W, H$ at fixed logits leaves "
            r"$\tau \|\tilde Z\|_*$, and $\tilde W \tilde W^\top$ has the singular values $s^2$.",
            lambda_W * p**2 + lambda_H * q**2 - tau * p * q,
            (sp.sqrt(lambda_W) * p - sp.sqrt(lambda_H) * q) ** 2,
            {tau: tau_of_lambda},
        ),
    )
