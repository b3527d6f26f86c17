"""F and choices of a dual point, part by part: ``verify.certification.dual``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.certification.by_parts.dual_value import Found, dual_point, zero_point
from verify.certification.by_parts.norms import Gram
from verify.certification.by_parts.parts import Deviation, Part, Parts
from verify.certification.dual import least_active
from verify.certification.objective import Summed, exactly_zero
from verify.reading.form import Float


@dataclass(frozen=True)
class Evaluated:
    """F, a bound on its rounding, and the plain dual point, at θ ∂ℓ."""

    objective: float
    rounding: float
    plain: Found


def evaluate(parts: Parts) -> Evaluated:
    """F is added up in the first pass of the plain dual point; raises FloatingPointError if it overflows."""
    summed = Summed(parts.outline, parts.point)
    seen: set[int] = set()

    def residual(part: Part) -> Float:
        if part.at.start in seen:
            return parts.residual(part)
        seen.add(part.at.start)
        return parts.residual_of_sum(part, summed)

    plain = dual_point(parts, residual)
    objective, rounding = summed.total()
    if objective == 0.0 and exactly_zero(parts.outline, parts.point):
        rounding = 0.0 if not any(parts.residual(part).any() for part in parts) else rounding
    return Evaluated(objective, rounding, plain)


def other_bounds(parts: Parts, plain: Found) -> Iterator[float]:
    """0 and D of the other choices: as ``verify.certification.dual.other_bounds``."""
    yield max(0.0, zero_point(parts))
    if not isfinite(plain.sigma):
        return
    for deviation in polar_deviations(parts, plain):
        yield dual_point(parts, deviation).value
    if plain.sigma > parts.outline.tau and len(parts.outline.classes) > 1:
        yield dual_point(parts, per_task_deviation(parts, plain)).value


def per_task_deviation(parts: Parts, plain: Found) -> Deviation:
    """θ_t δ_t of the plain δ, ∂ℓ at the best bias, with θ_t = min(1, τ/σ_t), σ_t from the task's block of X Xᵀ."""
    form = parts.outline
    sigmas = [_root(np.linalg.eigvalsh(plain.gram.G[rows, rows]), plain.gram)[-1] for rows in form.blocks]
    theta = np.repeat([min(1.0, form.tau / max(sigma, form.tau)) for sigma in sigmas], form.classes)[:, None]
    return lambda part: theta * plain.deviation(part)


def polar_deviations(parts: Parts, plain: Found) -> Iterator[Deviation]:
    """Singular values σ of X above τ, and those taken for τ, set to τ: ``dual.polar_deviations``.

    With the eigenvectors Q of X Xᵀ at those, and as a column's scale a/√w drops out,

        g = (I + diag(1/√c) Q diag(τ/σ − 1) Qᵀ diag(√c)) δ.
    """
    form = parts.outline
    values, vectors = np.linalg.eigh(plain.gram.G)
    singular = _root(values, plain.gram)
    root = np.sqrt(form.rows_c)[:, None]
    for least in least_active(form.tau, float(singular[-1])):
        yield _polar(plain, vectors[:, singular >= least], form.tau / singular[singular >= least], root)


def _polar(plain: Found, Q: Float, factors: Float, root: Float) -> Deviation:
    """Of some eigenvectors, their singular values times factors."""
    left, right = Q * (factors - 1.0) / root, np.ascontiguousarray((Q * root).T)
    whole = left @ right if 2 * len(right) > len(left) else None  # then it is fewer multiplications

    def polar(part: Part) -> Float:
        g = plain.deviation(part)
        by = (left @ (right @ g)) if whole is None else whole @ g
        by += g
        return by if part.form.row_labelled is None else np.where(part.form.row_labelled, by, 0.0)

    return polar


def _root(values: NDArray[np.floating[Any]], found: Gram) -> Float:
    """Singular values of X from eigenvalues of G."""
    return np.asarray(np.ldexp(np.sqrt(np.maximum(values, 0.0)), found.exponent))
