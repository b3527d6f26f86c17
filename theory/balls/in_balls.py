"""The minima of the theorems and laws in ball arithmetic, written anew from the formulas.

Where symmetry leaves logits a (e_k − 1/K) of weight M, samples times task weight, the multiplier of the nuclear norm
reaches its bound or a = 0. So at the minimum each wrong class has the probability

    r = ε/K + τ/√(M K)      if λ_H λ_W < (1 − ε)² M/(4K), else 1/K;        a = log(1/r − (K − 1)),

and this part of the minimum is M times the entropy of the prediction (1 − (K−1) r, r, …, r):

    M [ −(K−1) r log r − (1 − (K−1) r) log(1 − (K−1) r) ]  =  M [ log(1 + (K−1) e^{−a}) + (K−1) r a ].

Theorems 3.1 and B.2, or every pair of tasks uniform: part t has M = c^t N, K = K_t. Theorem 3.2: M = K_t n_t, and c^t
outside. Theorem 5.1: labels that agree and labels that differ are a part each, M = 4 n c, K = 2. Which side of a
threshold a problem lies on is decided in rational arithmetic. Two laws are convex programs in a few variables, enclosed
by ``theory.balls.laws_in_balls``; squared error has ``theory.balls.squared_error_in_balls``, binary
cross-entropy ``theory.balls.sigmoids_in_balls``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from theory.balls.ball_objective import BallObjective, ball_objective
from theory.balls.exact_reading import ExactPart, ball, exact_parts, pairwise_uniform
from theory.balls.laws_in_balls import class_correlation, multi_label
from theory.balls.library import flint
from theory.balls.sigmoids_in_balls import binary_cross_entropy
from theory.balls.squared_error_in_balls import squared_error
from theory.public_fields import CROSS_ENTROPY

SMALL = 2.0**-60  # of the minimum: a ball this small does not show in a double
COVERED = (
    "label-balanced or pairwise uniform tasks (Theorems 3.1, B.2), class-balanced tasks of Problem (4) (Theorem 3.2), "
    "two tasks of K classes and equal weight with n_same on the diagonal of the counts and n_different off it "
    "(Theorem 5.1), multi-label problems with equal counts for all sets of one size, squared error with a free "
    "bias or none, and binary cross-entropy of balanced tasks or uncorrelated labels"
)


def objective_in_balls(problem: Any, bits: int = 128) -> BallObjective:
    """Encloses the minimum that a theorem or law states for the problem, also past thresholds and under smoothing.

    problem  any object with the public fields of a problem of ``ufm``
    bits     working precision, raised where a tiny minimum needs more

    λ's multiply the SUM of losses, or their mean under ``reduction="mean"``. Raises ValueError if no closed
    form or law is known, naming what is covered; TypeError naming a missing field; ModuleNotFoundError without
    python-flint. Source: Theorems 3.1, B.2,
    3.2, 5.1; with ε, of K ≥ 3 correlated classes, several labels and squared error beyond the paper: docs/theory.md.
    """
    library = flint()
    if not isinstance(bits, int) or isinstance(bits, bool) or bits < 32:
        raise ValueError(f"bits must be an integer ≥ 32, got {bits!r}; 128 is the default")
    for precision in (bits, 4 * bits, 16 * bits):
        with library.ctx.workprec(precision):
            law, found = _enclose(problem)
            minimum = ball_objective(law, found)
        if found.rad() <= SMALL * found.mid():
            break
    return minimum


def _enclose(problem: Any) -> tuple[str, Any]:
    parts = exact_parts(problem)
    losses = {loss for part in parts for loss in part.losses}
    law = LAWS.get(next(iter(losses))) if len(losses) == 1 else None
    if law is None:
        raise ValueError(f"no closed form or law is known for loss={problem.loss!r}; covered are {COVERED}")
    if problem.source == "single" and (parts[0].labels < 0).any():
        raise ValueError(f"no closed form or law is known where labels are missing; covered are {COVERED}")
    return law(parts, problem.source)


def _cross_entropy(parts: Sequence[ExactPart], source: str) -> tuple[str, Any]:
    part = parts[0]
    match source:
        case "multi":
            if all(pairwise_uniform(part) for part in parts):
                return "Theorem 3.2", sum(_uniform(part, outside=True) for part in parts)
        case "single":
            if pairwise_uniform(part):
                return "Theorem B.2", _uniform(part)
            counts = _same_and_different(part)
            if counts is not None:
                K, c = part.classes[0], part.task_weights[0]
                if K > 2:
                    return "K correlated classes", class_correlation(part, K, *counts)
                pairs = [_entropy_part(part, c * 4 * n, 2) for n in counts if n > 0]
                return "Theorem 5.1", sum(pairs) / part.divisor
        case "multilabel":
            sizes = _equal_sets(part)
            if sizes is not None:
                return "several labels", multi_label(part, part.classes[0], sizes)
        case _:
            raise ValueError(f"no closed form or law is known for source={source!r}; covered are {COVERED}")
    raise ValueError(f"no closed form or law is known for this problem; covered are {COVERED}")


LAWS: dict[str, Callable[[Sequence[ExactPart], str], tuple[str, Any]]] = {
    CROSS_ENTROPY: _cross_entropy,
    "binary-cross-entropy": binary_cross_entropy,
    "squared-error": squared_error,
}


def _uniform(part: ExactPart, *, outside: bool = False) -> Any:
    """Σ_t of parts with M = c^t N; ``outside``: c^t (M = N), as in Problem (4)."""
    tasks = list(zip(part.classes, part.task_weights, strict=True))
    if outside:
        return sum(ball(c) * _entropy_part(part, Fraction(part.samples), k) for k, c in tasks) / part.divisor
    return sum(_entropy_part(part, c * part.samples, k) for k, c in tasks) / part.divisor


def _entropy_part(part: ExactPart, weight: Fraction, classes: int) -> Any:
    """M times the entropy of (1 − (K−1) r, r, …, r)."""
    arb = flint().arb
    M, K = ball(weight), classes
    if part.product < (1 - part.smoothing) ** 2 * weight / (4 * K):
        r = ball(part.smoothing / K) + part.tau / (M * K).sqrt()
        top = 1 - (K - 1) * r
        return -M * ((K - 1) * r * r.log() + top * top.log())
    return M * arb(K).log()


def _same_and_different(part: ExactPart) -> tuple[int, int] | None:
    """(n_same, n_different) of two tasks of equal classes and weights whose counts are so, or None."""
    classes, weights = part.classes, part.task_weights
    if len(classes) != 2 or classes[0] != classes[1] or weights[0] != weights[1]:
        return None
    table = np.zeros(tuple(classes), dtype=np.int64)
    np.add.at(table, tuple(part.labels.T), part.counts)
    same, different = int(table[0, 0]), int(table[0, 1])
    wanted = np.full_like(table, different)
    np.fill_diagonal(wanted, same)
    return (same, different) if np.array_equal(table, wanted) else None


def _equal_sets(part: ExactPart) -> dict[int, int] | None:
    """Set size m → n_m where every one of the C(K, m) sets has n_m samples, or None."""
    table: dict[int, dict[tuple[int, ...], int]] = {}
    for members, n in zip(map(tuple, part.labels.tolist()), part.counts, strict=True):
        if n > 0:
            table.setdefault(sum(members), {})[members] = int(n)
    complete = all(len(sets) == math.comb(part.classes[0], m) for m, sets in table.items())
    if not complete or any(len(set(sets.values())) > 1 for sets in table.values()):
        return None
    return {m: next(iter(sets.values())) for m, sets in table.items()}
