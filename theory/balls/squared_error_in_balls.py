"""The minimum of squared error in ball arithmetic, from an exact Gram matrix.

With x one-hot, 1_S, p or real and A = (1 − ε) I + ε/K 11ᵀ in the block of a task, targets are y = A x:

    M = A (Σ n_l x_l x_lᵀ) Aᵀ,   q = A Σ n_l x_l = N ȳ,   G = M,  or M − q qᵀ/N where there is a bias,

all of it rational. The eigenvalues of diag(c) G are s_i², roots of a rational polynomial and enclosed with their
multiplicities, and

    min F = Σ_i f(s_i²),   f(x) = x/2 for x ≤ τ², τ √x − τ²/2 beyond,

which increases with x. A penalized bias has a closed form where G diag(c) q = μ q, which is decided in rationals: μ and
σ² = qᵀ diag(c) q / N then are of the mean alone, and its part of the minimum that of ``_mean``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from theory.balls.exact_reading import ExactPart, ball
from theory.balls.library import flint

MOST_ROWS = 200  # of a characteristic polynomial: a minute
STEPS = 200


def squared_error(parts: Sequence[ExactPart], source: str) -> tuple[str, Any]:
    """The law's name and the minimum; raises ValueError if it is not known."""
    if source == "multi":
        tasks = [(part.task_weights[0], part.alone) for part in parts]
        return "squared error", sum(ball(c) * _part(task, source) for c, task in tasks)
    return "squared error", _part(parts[0], source)


def _part(part: ExactPart, source: str) -> Any:
    gram, q = _gram(part, source)
    weights = [c for c, K in zip(part.task_weights, part.classes, strict=True) for _ in range(K)]
    total = flint().arb(0)
    if part.lambda_b is not None:
        gram -= q * q.transpose() / _rational(Fraction(part.samples))
    if part.lambda_b and any(x != 0 for x in q.entries()):
        gram, total = _without_mean(part, gram, q, weights)
    for square, times in _eigenvalues(gram, weights):
        total += times * _left(square, part.product)
    return total / part.divisor


def _gram(part: ExactPart, source: str) -> tuple[Any, Any]:
    """M (R, R) and q (R, 1), exact."""
    library = flint()
    R = sum(part.classes)
    if part.targets is not None:
        X = library.fmpq_mat([[_rational(Fraction(x)) for x in row] for row in part.targets.T.tolist()])
        weighted = library.fmpq_mat([[x * n for x, n in zip(row, part.counts, strict=True)] for row in X.tolist()])
        J, p = weighted * X.transpose(), library.fmpq_mat([[sum(row, library.fmpq(0))] for row in weighted.tolist()])
    else:
        indicators = part.labels if source == "multilabel" else _indicators(part)
        counts = np.array(part.counts, dtype=object)
        table = _joint(indicators, part.counts)
        J = library.fmpq_mat(library.fmpz_mat(table))
        p = library.fmpq_mat([[int((indicators[:, k] * counts).sum())] for k in range(R)])
    if part.smoothing == 0:
        return J, p
    A = library.fmpq_mat(R, R)
    start = 0
    for K in part.classes:
        for i in range(start, start + K):
            for j in range(start, start + K):
                A[i, j] = _rational(part.smoothing / K + (1 - part.smoothing if i == j else 0))
        start += K
    return A * J * A.transpose(), A * p


def _indicators(part: ExactPart) -> Any:
    """(columns, R) one-hot rows."""
    rows = np.zeros((len(part.counts), sum(part.classes)), dtype=np.int64)
    starts = np.cumsum((0, *part.classes[:-1]))
    np.put_along_axis(rows, part.labels + starts, 1, axis=1)
    return rows


def _joint(indicators: Any, counts: Sequence[int]) -> list[list[int]]:
    """Σ n_l x_l x_lᵀ in whole numbers."""
    weighted = indicators * np.array(counts, dtype=np.int64)[:, None]
    return [[int(x) for x in row] for row in (weighted.T @ indicators).tolist()]


def _rational(x: Fraction) -> Any:
    return flint().fmpq(x.numerator, x.denominator)


def _fraction(x: Any) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def _without_mean(part: ExactPart, gram: Any, q: Any, weights: Sequence[Fraction]) -> tuple[Any, Any]:
    """G less the direction of the mean, and that direction's part of the minimum."""
    library = flint()
    scaled = library.fmpq_mat([[_rational(c) * x] for c, x in zip(weights, q.entries(), strict=True)])
    image = (gram * scaled).entries()
    pivot = next(i for i, x in enumerate(q.entries()) if x != 0)
    mu = image[pivot] / q[pivot, 0]
    if any(w != mu * x for w, x in zip(image, q.entries(), strict=True)):
        raise ValueError(
            f"no closed form is known for a penalized bias, lambda_b={float(part.lambda_b or 0):g}, where the mean "
            "target is no eigenvector of the centred targets' Gram matrix; equal counts of classes make it one"
        )
    length = (q.transpose() * scaled)[0, 0]
    deflated = gram - q * q.transpose() * (mu / length)
    return deflated, _mean(part, _fraction(mu), _fraction(length) / part.samples)


def _mean(part: ExactPart, square: Fraction, sigma_square: Fraction) -> Any:
    """min over r of ½ (s τ/(r + τ))² + κ/2 (σ q/(r + q))² + τ r, q = τ/κ, at the r where the derivative is zero."""
    arb = flint().arb
    penalty = 2 * (part.lambda_b or Fraction(0)) * part.divisor
    kappa = penalty / (part.samples + penalty)
    if square + kappa**2 * sigma_square <= 4 * part.product:
        return ball((square + kappa * sigma_square) / 2)
    tau, k, s, sigma = part.tau, ball(kappa), ball(square).sqrt(), ball(sigma_square).sqrt()
    beside = tau / k
    if square == 0:
        return tau * sigma - tau * beside / 2

    def excess(r: Any) -> Any:
        return (s / (r + tau)) ** 2 + (sigma / (r + beside)) ** 2 - 1

    r = arb(max(0.0, float((s - tau).mid()), float((sigma - beside).mid())))
    for _ in range(STEPS):
        slope = 2 * ((s / (r + tau)) ** 2 / (r + tau) + (sigma / (r + beside)) ** 2 / (r + beside))
        moved = (r + excess(r) / slope).mid()
        if not moved > r:
            break
        r = moved
    width = max(r, tau.mid()) * arb(2) ** (8 - flint().ctx.prec)
    while not (excess((r - width).mid()) > 0 and excess((r + width).mid()) < 0):
        width *= 2
    enclosed = (r - width).mid().union((r + width).mid())
    return (s * tau / (enclosed + tau)) ** 2 / 2 + k * (sigma * beside / (enclosed + beside)) ** 2 / 2 + tau * enclosed


def _eigenvalues(gram: Any, weights: Sequence[Fraction]) -> list[tuple[Any, int]]:
    """s² and how often: roots of the characteristic polynomial of diag(c) G, all of it rational."""
    R = gram.nrows()
    if all(gram[i, j] == 0 for i in range(R) for j in range(i)):
        return [(ball(_fraction(gram[i, i]) * weights[i]), 1) for i in range(R)]
    if R > MOST_ROWS:
        raise ValueError(f"{R} rows of targets are too many for eigenvalues in ball arithmetic, which take {MOST_ROWS}")
    scaled = flint().fmpq_mat([[_rational(c) * x for x in row] for c, row in zip(weights, gram.tolist(), strict=True)])
    numerators, denominator = scaled.numer_denom()
    return [(root.real / denominator, times) for root, times in numerators.charpoly().complex_roots()]


def _left(square: Any, product: Fraction) -> Any:
    """f(s²), between its values at the ends of the ball; s² ≥ 0 whatever the ball says."""
    arb = flint().arb
    tau_square = ball(4 * product)

    def f(x: Any) -> Any:
        return x / 2 if x <= tau_square else tau_square.sqrt() * x.sqrt() - tau_square / 2

    low, high = square.lower(), square.upper()
    low = low if low > 0 else arb(0)
    if high <= tau_square or low > tau_square:
        return f(low).union(f(high))
    return (f(low) if low <= tau_square else low / 2).union(tau_square.sqrt() * high.sqrt() - tau_square / 2)
