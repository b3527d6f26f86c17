"""The minimum of a few log-sum-exps and norms, enclosed between a point and a dual point. Beyond the paper.

    f(y) = Σ_i w_i [ log Σ_k m_ik exp(⟨c_ik, y⟩) − Σ_k p°_ik ⟨c_ik, y⟩ ] + t Σ_j ‖y_(j)‖

with disjoint groups y_(j) of y. p° is what the labels say, a probability for each i. For probabilities p and
v = −Σ_i w_i Σ_k (p_ik − p°_ik) c_ik

    D(p) = Σ_i w_i Σ_k p_ik log(m_ik / p_ik)  ≤  min f      wherever ‖v_(j)‖ ≤ t for all j,

for log-sum-exp is max_p of ⟨p, c y⟩ + Σ_k p_k log(m_k/p_k), and ⟨v, y⟩ ≤ Σ_j ‖v_(j)‖ ‖y_(j)‖. Mixing p with p°, where
v = 0, makes any p feasible. y comes from Newton's method, which needs no proof, once for every choice of groups that
are zero at the minimum; p is the softmax at y. The best of the f's and D's enclose the minimum.

f has no derivative where a group is zero, and Newton's method may not get away from there. So it starts lower than any
point with one of its groups zero: from the best minimizer with a group less, moved along v of that group until f falls.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from theory.balls.library import flint

STEPS = 3000  # Newton on exponentials moves a logit by about one, and logits are at most log(1/λ_Hλ_W) < 1,500
HALVINGS = 60


@dataclass(frozen=True)
class Term:
    """w [ log Σ_k m_k exp(⟨c_k, y⟩) − Σ_k p°_k ⟨c_k, y⟩ ]; c_k as {variable: coefficient}."""

    weight: Any
    multiplicities: tuple[int, ...]
    coefficients: tuple[Mapping[int, Any], ...]
    labels: tuple[Any, ...]


@dataclass(frozen=True)
class Program:
    """f of the module's equation, in ``size`` variables."""

    size: int
    terms: tuple[Term, ...]
    groups: tuple[list[int], ...]
    norm: Any


def minimum(program: Program) -> Any:
    """A ball that contains min f."""
    points: dict[tuple[int, ...], list[Any]] = {(): [flint().arb(0)] * program.size}
    for number in range(1, len(program.groups) + 1):
        for chosen in itertools.combinations(range(len(program.groups)), number):
            points[chosen] = _descended(program, chosen, points)
    lower = _extreme([_dual(program, y).lower() for y in points.values()])
    upper = -_extreme([-_value(program, y).upper() for y in points.values()])
    return lower.union(upper)


def _extreme(numbers: Sequence[Any]) -> Any:
    """The largest of exact numbers."""
    return max(x for x in numbers if x.is_finite())


def _exponents(term: Term, y: Sequence[Any]) -> list[Any]:
    zero = flint().arb(0)
    return [sum((x * y[i] for i, x in c.items()), zero) for c in term.coefficients]


def _softmax(term: Term, exponents: Sequence[Any]) -> tuple[Any, list[Any]]:
    """log-sum-exp and probabilities."""
    top = max(exponents, key=float)
    masses = [m * (x - top).exp() for m, x in zip(term.multiplicities, exponents, strict=True)]
    total = sum(masses)
    return top + total.log(), [x / total for x in masses]


def _value(program: Program, y: Sequence[Any]) -> Any:
    """f(y)."""
    total = flint().arb(0)
    for term in program.terms:
        exponents = _exponents(term, y)
        expected = sum(p * x for p, x in zip(term.labels, exponents, strict=True))
        total += term.weight * (_softmax(term, exponents)[0] - expected)
    return total + program.norm * sum(_length([y[i] for i in group]) for group in program.groups)


def _length(y: Sequence[Any]) -> Any:
    return sum((x * x for x in y), flint().arb(0)).sqrt()


def _pull(program: Program, p: Sequence[Sequence[Any]]) -> list[Any]:
    """v = −Σ_i w_i Σ_k (p_ik − p°_ik) c_ik."""
    v = [flint().arb(0)] * program.size
    for term, probabilities in zip(program.terms, p, strict=True):
        for c, q, label in zip(term.coefficients, probabilities, term.labels, strict=True):
            for i, x in c.items():
                v[i] -= term.weight * (q - label) * x
    return v


def _dual(program: Program, y: Sequence[Any]) -> Any:
    """D at the softmax of y, mixed with the labels as far as feasibility asks; −∞ where that is not proven to exist."""
    arb = flint().arb
    p = []
    for term in program.terms:
        tail = [x.mid() for x in _softmax(term, _exponents(term, y))[1][1:]]
        p.append([1 - sum(tail, arb(0)), *tail])
        if not p[-1][0] >= 0:
            return arb.neg_inf()
    v = _pull(program, p)
    theta = arb(1)
    for group in program.groups:
        length = _length([v[i] for i in group]).upper()
        if not length <= program.norm:
            theta = min(theta, (program.norm / length).lower())
    total = arb(0)
    for term, probabilities in zip(program.terms, p, strict=True):
        for m, q, label in zip(term.multiplicities, probabilities, term.labels, strict=True):
            mixed = label + theta * (q - label)
            if mixed > 0:  # else its term, ≥ 0 for q ≤ 1 ≤ m, is left out
                total += term.weight * mixed * (m / mixed).log()
    return total


def _descended(program: Program, chosen: tuple[int, ...], points: Mapping[tuple[int, ...], list[Any]]) -> list[Any]:
    """An approximate minimizer, exact numbers, zero outside the chosen groups; ``points`` has those of a group less."""
    starts = [(points[tuple(i for i in chosen if i != left)], left) for left in chosen]
    before, added = min(starts, key=lambda start: float(_value(program, start[0])))
    v = _pull(program, [_softmax(term, _exponents(term, before))[1] for term in program.terms])
    length = _length([v[i] for i in program.groups[added]])
    step = flint().arb(1)
    for _ in range(HALVINGS if length > 0 else 0):
        y = list(before)
        for i in program.groups[added]:
            y[i] = (step * v[i] / length).mid()
        if _value(program, y).mid() < _value(program, before).mid():
            return _newton(program, y, [group for group in program.groups if any(y[i] != 0 for i in group)])
        step /= 2
    return before


def _newton(program: Program, y: list[Any], groups: Sequence[Sequence[int]]) -> list[Any]:
    """Damped, from y, in the variables of the groups, none of which is zero."""
    library = flint()
    free = sorted(i for group in groups for i in group)
    value = _value(program, y)
    for _ in range(STEPS):
        gradient, hessian = _derivatives(program, y, groups)
        right = library.arb_mat([[-gradient[i]] for i in free])
        try:
            step = library.arb_mat([[hessian[i][j] for j in free] for i in free]).mid().solve(right.mid())
        except ZeroDivisionError:
            break
        moves = [x.mid() for row in step.tolist() for x in row]
        slope = sum(gradient[i] * x for i, x in zip(free, moves, strict=True)).mid()
        length = library.arb(1)
        for _ in range(HALVINGS):
            trial = _moved(y, free, moves, length)
            lower = _value(program, trial)
            if lower.mid() < (value + length * slope / 10000).mid():
                break
            length /= 2
        else:  # what the step gains is below the rounding of f, but not of D
            return max(y, _moved(y, free, moves, library.arb(1)), key=lambda point: _dual(program, point).lower())
        y, value = trial, lower
    return y


def _moved(y: Sequence[Any], free: Sequence[int], moves: Sequence[Any], length: Any) -> list[Any]:
    trial = list(y)
    for i, x in zip(free, moves, strict=True):
        trial[i] = (y[i] + length * x).mid()
    return trial


def _derivatives(program: Program, y: Sequence[Any], groups: Sequence[Sequence[int]]) -> tuple[list[Any], Any]:
    """Gradient and Hessian of f by the variables of the groups, which are not zero."""
    arb = flint().arb
    n = program.size
    hessian = [[arb(0)] * n for _ in range(n)]
    softmaxes = [_softmax(term, _exponents(term, y))[1] for term in program.terms]
    gradient = [-x for x in _pull(program, softmaxes)]
    for term, p in zip(program.terms, softmaxes, strict=True):
        rows = [[c.get(i, arb(0)) for i in range(n)] for c in term.coefficients]
        mean = [sum(q * row[i] for q, row in zip(p, rows, strict=True)) for i in range(n)]
        for i, j in itertools.product(range(n), repeat=2):
            second = sum(q * row[i] * row[j] for q, row in zip(p, rows, strict=True))
            hessian[i][j] += term.weight * (second - mean[i] * mean[j])
    for group in groups:
        length = _length([y[i] for i in group])
        for i in group:
            gradient[i] += program.norm * y[i] / length
            hessian[i][i] += program.norm / length
            for j in group:
                hessian[i][j] -= program.norm * y[i] * y[j] / length**3
    return gradient, hessian
