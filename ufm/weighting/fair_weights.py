"""The solution w > 0 of G w = w^{−1/α}, by a primal-dual interior-point method.

    v = G w,    log w + α log v = 0,        w, v > 0

with w and v as unknowns of their own. Of the two parts of a Newton step, one for either equation,

    (G + diag(v / (α w))) δw = −ρ,          δv / v = −δw / (α w),          ρ = G w − v,
    (G + diag(v / (α w))) δw = −v F / α,    δv / v = −(F + δw / w) / α,    F = log w + α log v,

whose matrix is positive definite at every w, v > 0, the second is taken whole and the first as far as w and v stay
positive: along a path of solutions of v = G w + θ r with θ falling to 0. It begins at so small a w that r > 0. Where
gradients oppose each other G w is a small difference of large numbers: ρ is summed without rounding, so that w
belongs to G as it is given.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ufm.weighting.mgda import shortest_combination

Float = NDArray[np.float64]
STEPS = 10_000  # some twenty are usual; gradients of unlike sizes need hundreds where α is small
LEAST, MOST = 0.99, 9.0  # a step takes at most this part of w and v away, and adds at most this multiple
CLOSE = 2.0**-48  # a step this small in what F adds up is the last: what it leaves is its square, or rounding
ROUNDING = 2.0**-51  # of uᵀ G u, for each task, relative to uᵀ |G| u
SPLIT = 2.0**27 + 1.0


def fair_weights(G: Float, alpha: float) -> Float:
    """w (T,) of a Gramian (T, T) with positive diagonal; raises RuntimeError if there is none.

    Rows and columns are first scaled by powers of 2, which rounds nothing: for u_i = 2^{k_i} w_i and
    G'_ij = 2^{−k_i − k_j} G_ij, with G'_ii between 1/2 and 4, F_i = log u_i + α log v_i + (α − 1) k_i log 2.
    """
    k = np.frexp(np.diag(G))[1] // 2
    scaled = np.ldexp(np.ldexp(G, -k[:, None]), -k)
    _require_solution(scaled, k)
    w: Float = np.ldexp(_solve(scaled, alpha, (alpha - 1.0) * k * math.log(2.0)), -k)
    return w


def _require_solution(G: Float, k: NDArray[np.int32]) -> None:
    """By the shortest convex combination of the scaled gradients: there is a w unless it is 0 (Gordan's theorem)."""
    u = shortest_combination(G)
    if u @ G @ u <= len(u) * ROUNDING * (u @ np.abs(G) @ u):
        v = np.ldexp(u, k.min() - k)
        shares = ", ".join(f"{share:.3g}" for share in v / v.sum())
        raise RuntimeError(
            "weighting='fairgrad': G w = w^{−1/α} has no solution w > 0, or none that rounding of G leaves: the "
            f"gradients oppose one another, Σ_t v_t ∇L_t = 0 for v = ({shares}), and no step serves all tasks. Where "
            "training has come to such a point it is at its end; weighting='mgda' rests there"
        )


def _solve(G: Float, alpha: float, shift: Float) -> Float:
    """u of G as scaled."""
    diagonal, tasks = np.diag(G), len(G)
    x = -(alpha * np.log(diagonal) + shift) / (1.0 + alpha)  # log w and log v of each task alone
    y = np.log(diagonal) + x
    most = 2.0 * float(np.max(np.abs(G) @ np.exp(x) / np.exp(y)))
    x, y = x - alpha / (1.0 + alpha) * math.log(most), y + math.log(most) / (1.0 + alpha)
    for _ in range(STEPS):
        w, v, F = np.exp(x), np.exp(y), x + alpha * y + shift
        rho = _excess(G, w, v)
        unit = 1.0 / np.sqrt(diagonal + v / (alpha * w))
        matrix = unit[:, None] * G * unit
        np.fill_diagonal(matrix, 1.0)
        right = unit[:, None] * np.column_stack([rho, v * F / alpha])
        try:
            ahead, back = (-unit[:, None] * np.linalg.solve(matrix, right) / w[:, None]).T
        except np.linalg.LinAlgError:
            break
        centring = np.concatenate([back, -(F + back) / alpha])
        centring *= _part(np.zeros_like(centring), centring)
        following = np.concatenate([ahead, -ahead / alpha])
        step = centring + _part(centring, following) * following
        x, y = x + np.log1p(step[:tasks]), y + np.log1p(step[tasks:])
        close = CLOSE * (1.0 + np.max(np.abs(x) + alpha * np.abs(y) + np.abs(shift)))
        if np.abs(step[:tasks]).max() <= close >= alpha * np.abs(step[tasks:]).max():
            return np.exp(x)
    raise RuntimeError(f"weighting='fairgrad': G w = w^(-1/alpha) was not solved in {STEPS} steps for G = {G.tolist()}")


def _part(begun: Float, step: Float) -> float:
    """The largest part ≤ 1 of a step that keeps begun + part · step between −LEAST and MOST."""
    moving = np.abs(step) > CLOSE**2
    room = (np.where(step < 0.0, -LEAST, MOST) - begun)[moving] / step[moving]
    return float(min(1.0, np.maximum(room, 0.0).min(initial=1.0)))


def _excess(G: Float, w: Float, v: Float) -> Float:
    """ρ = G w − v with one rounding: products as sums of two floats (Dekker), summed exactly."""
    product = G * w
    (a, b), (c, d) = _halves(G), _halves(w)
    rest = ((a * c - product) + a * d + b * c) + b * d
    return np.array([math.fsum(row) for row in np.column_stack([product, rest, -v]).tolist()])


def _halves(numbers: Float) -> tuple[Float, Float]:
    """Two floats of 26 bits each whose sum a number is (Veltkamp)."""
    high = SPLIT * numbers
    high = high - (high - numbers)
    return high, numbers - high
