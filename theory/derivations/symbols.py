"""The paper's symbols, all positive, and the units they are counted in.

λ's multiply beside the SUM of cross-entropies, τ = 2 √(λ_H λ_W).
"""

from __future__ import annotations

import sympy as sp

K = sp.Symbol("K", integer=True, positive=True)
T = sp.Symbol("T", integer=True, positive=True)
N = sp.Symbol("N", positive=True)
n = sp.Symbol("n", positive=True)
c = sp.Symbol("c", positive=True)
lambda_H = sp.Symbol("lambda_H", positive=True)
lambda_W = sp.Symbol("lambda_W", positive=True)
tau = sp.Symbol("tau", positive=True)
a = sp.Symbol("a", positive=True)
lambda_product = sp.Symbol(r"{\lambda_H\lambda_W}", positive=True)

tau_of_lambda = 2 * sp.sqrt(lambda_H * lambda_W)


def quantity(latex: str) -> sp.Symbol:
    """A real number that goes by a name in LaTeX, such as ``\\langle w_k, w_l\\rangle``."""
    return sp.Symbol("{" + latex + "}", real=True)
