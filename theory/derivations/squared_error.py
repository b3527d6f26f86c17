"""Squared error: singular values of the weighted targets, less τ; bias, balance and correlation in their terms."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization, squared_error_balance
from theory.derivations.derivation import Derivation
from theory.derivations.step import Step, assumed, identity, solution
from theory.derivations.symbols import N, lambda_H, lambda_product, lambda_W, quantity, tau

_SINGULAR = sp.Symbol("s_i", positive=True)
_LEFT = sp.Symbol("r", nonnegative=True)
_LAMBDA_B = sp.Symbol("lambda_b", positive=True)
_SIGMA, _LEVEL, _BETA = sp.Symbol("mu", positive=True), sp.Symbol("rho", nonnegative=True), sp.Symbol("beta", real=True)
_KAPPA = sp.Symbol("kappa", positive=True)
_COST = (_SINGULAR - _LEFT) ** 2 / 2 + tau * _LEFT


def derivation() -> Derivation:
    """Any targets first; then the bias; then tasks whose balance makes the singular values known."""
    return Derivation(
        name="squared-error",
        title="Squared error: any targets, counts and weights",
        source="Beyond the paper; one balanced task: Zhou et al. 2022, Tirer and Bruna 2022, Dang et al. 2023",
        hypotheses=(
            r"Problem (3) or (4) with the loss $\frac{1}{2}\|u - y\|^2$ of every task, beside the sum of which the "
            r"$\lambda$'s stand; every sample has a target in every task.",
            r"No bias, or a free one ($\lambda_b = 0$), or a penalized one where the mean target is an eigenvector of "
            r"the centred targets' weighted Gram matrix.",
            r"$d$ is at least the rank of the targets.",
        ),
        steps=(
            *factorization.steps(),
            *_any_targets(),
            *_heads(),
            *_bias(),
            *squared_error_balance.balanced(),
            *squared_error_balance.orthogonal(),
            *squared_error_balance.correlated(),
        ),
    )


def _any_targets() -> tuple[Step, ...]:
    """One singular value of the targets at a time."""
    below = lambda_H * lambda_W < _SINGULAR**2 / 4
    minimum = quantity(r"\min P_i")
    return (
        Step(
            r"Let $\tilde Y$ be the targets with the same weights, $\sqrt{c^t}$ on rows and $\sqrt{n_l}$ on columns. "
            r"The loss is $\frac{1}{2}\|\tilde Z - \tilde Y\|^2$, so the convex program is "
            r"$P = \frac{1}{2}\|\tilde Z - \tilde Y\|^2 + \tau \|\tilde Z\|_*$. "
            r"By von Neumann $\langle \tilde Z, \tilde Y\rangle \leq \sum r_i "
            r"s_i$ for singular values $r_i$ and $s_i$, with equality for equal singular vectors: those of $\tilde Y$ "
            r"are best."
        ),
        assumed(
            r"A singular value $s_i$ of $\tilde Y$, of which $r$ is left in $\tilde Z$, costs", quantity("P_i"), _COST
        ),
        solution(
            r"It is left from the threshold on, where the stationary $r$ is zero,",
            lambda_product,
            _SINGULAR**2 / 4,
            _SINGULAR - 2 * sp.sqrt(lambda_product),
            name="threshold",
        ),
        solution(
            r"and below it",
            _LEFT,
            sp.Piecewise((_SINGULAR - tau, below), (0, True)),
            sp.diff(_COST, _LEFT),
            name="singular_value",
        ),
        solution(
            r"at the cost",
            minimum,
            sp.Piecewise((tau * _SINGULAR - tau**2 / 2, below), (_SINGULAR**2 / 2, True)),
            minimum - _COST.subs(_LEFT, _SINGULAR - tau),
            name="minimum",
        ),
        identity(
            r"No other logits do better: along the singular vectors of what is left, the residual "
            r"$\tilde Y - \tilde Z$ has the singular value",
            _SINGULAR - _LEFT,
            tau,
            {_LEFT: _SINGULAR - tau},
        ),
        Step(
            r"and along the others $s_i \leq \tau$: $\tilde Y - \tilde Z$ is $\tau$ times a subgradient of the nuclear "
            r"norm. The minimum of $P$ is the sum of these costs, whatever the counts, weights and tasks."
        ),
    )


def _heads() -> tuple[Step, ...]:
    eigenvalue, factor = quantity(r"\omega_i"), quantity(r"\gamma_i")
    return (
        identity(
            r"By the first step $\tilde W \tilde W^\top$ has, at $r$, the eigenvalue",
            eigenvalue,
            sp.sqrt(lambda_H / lambda_W) * _LEFT,
            {eigenvalue: factorization.head_gram(_LEFT)},
            "gram_eigenvalue",
        ),
        identity(
            r"and $\tilde H = \tilde W^\top \tilde Z$ over it, which is $\tilde W^\top \tilde Y$ times",
            factor,
            sp.sqrt(lambda_W / lambda_H) / _SINGULAR,
            {factor: factorization.feature_factor(_LEFT) * _LEFT / _SINGULAR},
            "feature_factor",
        ),
    )


def _bias() -> tuple[Step, ...]:
    """Free: the mean is taken off. Penalized: κ of what the heads leave of the mean stays."""
    cost = (_SIGMA - _LEVEL - _BETA) ** 2 / 2 + _LAMBDA_B * _BETA**2 / N
    left = quantity(r"P_b")
    level = (_SIGMA - _LEVEL) ** 2 * _KAPPA / 2 + tau * _LEVEL
    share = 2 * _LAMBDA_B / (N + 2 * _LAMBDA_B)
    below = lambda_H * lambda_W < _KAPPA**2 * _SIGMA**2 / 4
    return (
        Step(
            r"A bias is one more column $\sqrt{N}\, \tilde b\, v^\top$ with the unit vector $v = \sqrt{n_l / N}$, of "
            r"penalty $\lambda_b \|\tilde b\|^2$. Free, it takes all of $\tilde Y v$: what is said above is then said "
            r"of $\tilde Y (I - v v^\top)$, and $b$ is the mean target."
        ),
        solution(
            r"Penalized, let $\mu$ be the norm of $\tilde Y v$, of which the heads fit $\rho$. The bias, times "
            r"$\sqrt{N}$, makes $\frac{1}{2}(\mu - \rho - \beta)^2 + \lambda_b \beta^2 / N$ least:",
            _BETA,
            N * (_SIGMA - _LEVEL) / (N + 2 * _LAMBDA_B),
            sp.diff(cost, _BETA),
            name="bias",
        ),
        identity(
            r"It leaves the square of $\mu - \rho$ with half the factor",
            _KAPPA,
            share,
            {_KAPPA: 2 * cost.subs(_BETA, N * (_SIGMA - _LEVEL) / (N + 2 * _LAMBDA_B)) / (_SIGMA - _LEVEL) ** 2},
            "bias_share",
        ),
        assumed(
            r"Where the mean target is orthogonal to the centred targets, it is a singular direction of its own, which "
            r"costs",
            left,
            level,
        ),
        solution(
            r"so that the heads fit, of the mean,",
            _LEVEL,
            sp.Piecewise((_SIGMA - tau / _KAPPA, below), (0, True)),
            sp.diff(level, _LEVEL),
            name="mean_value",
        ),
    )
