"""D(g) ≤ min F in float64, proven, of a deviation given part by part: ``verify.certification.dual_value``."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nextafter

import numpy as np

from verify.certification.by_parts.free_bias import FreeBias, Placed
from verify.certification.by_parts.norms import Gram, Norms
from verify.certification.by_parts.parts import Deviation, Parts, Repeated
from verify.certification.dual_value import bias_term, factors, further_inside, gains, share_of, summed_gain
from verify.certification.free_bias import clipped, complete, drift
from verify.losses.rounding import UNIT, gamma
from verify.reading.form import Float
from verify.reading.outline import Outline


@dataclass(frozen=True)
class Found:
    """A feasible dual point.

    value      ≤ D ≤ min F; −∞ where it overflows
    sigma      σ of δ as computed, before θ
    gram       what it comes from
    deviation  δ, before f_l
    """

    value: float
    sigma: float
    gram: Gram
    deviation: Deviation


def dual_point(parts: Parts, wanted: Deviation) -> Found:
    """The feasible dual point at a wanted deviation, and the proven bound there."""
    form = parts.outline
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        free = FreeBias(parts) if form.lambda_b == 0.0 else None
        placed = None if free is None else free.placed(wanted)
        deviation = Repeated(_completed(wanted)) if placed is None else placed.deviation
        norms = Norms(form)
        for part in parts:
            norms.add(part, deviation(part))
        sigma, bound = norms.bounds(0.0 if placed is None else _norm_of_moves(form, placed))
        theta = share_of(form.tau, bound)
        if free is None or placed is None:
            value = _value(parts, deviation, theta, norms.sizes)
        else:
            value = _free_value(parts, placed, free.centre, theta)
    return Found(value if isfinite(value) else -inf, sigma, norms.gram, deviation)


def zero_point(parts: Parts) -> float:
    """≤ D at g = 0."""
    form = parts.outline
    centre = FreeBias(parts).centre if form.lambda_b == 0.0 else None
    least = np.empty((len(form.classes), len(form.counts)))
    for part in parts:
        zero = np.zeros_like(part.form.targets)
        least[:, part.at] = gains(part.form, zero, None if centre is None else zero.copy(), centre)
    return summed_gain(form, least)


def _completed(wanted: Deviation) -> Deviation:
    """Each entry in its domain, and blocks of tasks blind to shifts with sum 0."""
    return lambda part: complete(part.form, clipped(part.form, wanted(part)))


def _norm_of_moves(form: Outline, placed: Placed) -> float:
    """≥ ‖√c a/√w moved‖_F."""
    column = (form.loss_weight / np.sqrt(form.feature_weight))[placed.pivots]
    return float(np.linalg.norm(np.sqrt(form.rows_c) * (placed.by * column))) * (1.0 + gamma(len(column) + 16))


def _value(parts: Parts, deviation: Deviation, theta: float, sizes: Float) -> float:
    """The bound at θ f_l δ_l."""
    form = parts.outline
    least = np.empty((len(form.classes), len(form.counts)))
    left, most = np.zeros(sum(form.classes)), 0
    for part in parts:
        g = deviation(part) if theta else np.zeros_like(part.form.targets)
        inner = factors(part.form, theta, g)
        if inner is not None:
            g *= inner
        own, operations = drift(part.form, g)
        left += own
        most = max(most, operations)
        g *= theta
        least[:, part.at] = gains(part.form, g, None)
    return nextafter(summed_gain(form, least) - bias_term(form, theta, left, most + len(parts), sizes), -inf)


def _free_value(parts: Parts, placed: Placed, centre: Float, theta: float) -> float:
    """The bound at θ f δ, f the least of the f_l: where it is not 1, another pass."""
    form = parts.outline
    least, inside = np.empty((len(form.classes), len(form.counts))), 1.0
    for first in (True, False):
        for part in parts:
            g, moved = placed.deviation(part), placed.moved(part)
            if not theta:
                g[:], moved[:] = 0.0, 0.0
            inner = factors(part.form, theta, g) if first else None
            inside = inside if inner is None else min(inside, float(inner.min()))
            if first and inside < 1.0:
                continue
            g *= theta
            moved *= theta * (1.0 + 2 * UNIT)
            least[:, part.at] = gains(part.form, g, moved, centre)
        if inside == 1.0:
            break
        theta = further_inside(theta, inside)
    return nextafter(summed_gain(form, least), -inf)
