"""Laws without a closed form, as convex programs in a few variables. Beyond the paper: docs/theory.md.

Two tasks of K classes, n_s samples at labels that agree and n_d at others: z = α ẽ_k on the former, γ ẽ_k + δ ẽ_l on
the latter, and with σ_s² = 2 n_s α² + (K−2) n_d (γ+δ)², σ_a² = K n_d (γ−δ)²

    min F = min  2 n_s K [ log(1 + (K−1) e^{−α}) + ε (1 − 1/K) α ]
                 + 2 n_d K (K−1) [ log(1 + e^{δ−γ} + (K−2) e^{−γ}) + ε ((1 − 1/K) γ − δ/K) ] + τ (K−1) (σ_s + σ_a).

Several labels, n_m samples at each set of m of the K classes, z = a_m (1_S − m/K):

    min F = min  Σ_m n_m C(K,m) m [ log(m + (K−m) e^{−a_m}) + ε (1 − m/K) a_m ] + τ (K−1) √( Σ_m n_m C(K−2, m−1) a_m² ).

The variables of the programs are the terms under the roots.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from theory.balls.convex_in_balls import Program, Term, minimum
from theory.balls.exact_reading import ExactPart, ball
from theory.balls.library import flint


def class_correlation(part: ExactPart, K: int, n_same: int, n_different: int) -> Any:
    """The minimum for two tasks of K ≥ 3 classes and of weight c each: c on the losses, √c on the norms."""
    arb = flint().arb
    epsilon, c = part.smoothing, part.task_weights[0]
    terms: list[Term] = []
    groups: list[list[int]] = [[], []]
    size = 0
    if n_same > 0:
        alpha = {size: 1 / arb(2 * n_same).sqrt()}
        wrong = epsilon * (K - 1) / K
        terms.append(Term(ball(c * 2 * n_same * K), (1, K - 1), ({}, _times(alpha, -1)), _balls(1 - wrong, wrong)))
        groups[0].append(size)
        size += 1
    if n_different > 0:
        plus, minus = 1 / (2 * arb((K - 2) * n_different).sqrt()), 1 / (2 * arb(K * n_different).sqrt())
        minus_gamma = {size: -plus, size + 1: -minus}
        delta_minus_gamma = {size + 1: -2 * minus}
        target = _balls(1 - epsilon * (K - 1) / K, epsilon / K, epsilon * (K - 2) / K)
        weight_ball = ball(c * 2 * n_different * K * (K - 1))
        terms.append(Term(weight_ball, (1, 1, K - 2), ({}, delta_minus_gamma, minus_gamma), target))
        groups[0].append(size)
        groups[1].append(size + 1)
        size += 2
    norm = part.tau * ball(c).sqrt() * (K - 1)
    return minimum(Program(size, tuple(terms), tuple(group for group in groups if group), norm)) / part.divisor


def multi_label(part: ExactPart, K: int, counts: Mapping[int, int]) -> Any:
    """The minimum for n_m = counts[m] samples at each set of m classes; sets of all K classes only add n_K K log K."""
    arb = flint().arb
    terms = []
    for variable, (m, n) in enumerate(sorted((m, n) for m, n in counts.items() if m < K)):
        a = {variable: 1 / arb(n * math.comb(K - 2, m - 1)).sqrt()}
        outside = part.smoothing * (K - m) / K
        target = _balls(1 - outside, outside)
        terms.append(Term(arb(n * math.comb(K, m) * m), (m, K - m), ({}, _times(a, -1)), target))
    norm = part.tau * (K - 1)
    whole = counts.get(K, 0) * K * arb(K).log()
    if terms:
        whole += minimum(Program(len(terms), tuple(terms), (list(range(len(terms))),), norm))
    return whole / part.divisor


def _times(coefficients: Mapping[int, Any], factor: int) -> dict[int, Any]:
    return {i: factor * x for i, x in coefficients.items()}


def _balls(*values: Fraction) -> tuple[Any, ...]:
    return tuple(ball(value) for value in values)
