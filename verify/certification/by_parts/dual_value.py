"""D(g) ≤ min F in float64, proven, of a deviation given part by part: ``verify.certification.dual_value``."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nextafter

import numpy as np

from verify.certification.by_parts.norms import Gram, Norms
from verify.certification.by_parts.parts import Deviation, Parts
from verify.certification.dual_value import bias_term, factors, gains, share_of, summed_gain
from verify.certification.free_bias import clipped, complete, drift
from verify.reading.form import Float


@dataclass(frozen=True)
class Found:
    """value ≤ D ≤ min F, −∞ where it overflows; σ of δ before θ, as computed, and what it comes from."""

    value: float
    sigma: float
    gram: Gram


def dual_point(parts: Parts, wanted: Deviation) -> Found:
    """The proven bound at the feasible dual point of a wanted deviation, in two passes."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        norms = Norms(parts.outline)
        for part in parts:
            norms.add(part, complete(part.form, clipped(part.form, wanted(part))))
        sigma, bound = norms.bounds()
        theta = share_of(parts.outline.tau, bound)
        value = _value(parts, wanted, theta, norms.sizes)
    return Found(value, sigma, norms.gram)


def _value(parts: Parts, wanted: Deviation, theta: float, sizes: Float) -> float:
    """The bound at θ f_l δ_l."""
    form = parts.outline
    least = np.empty((len(form.classes), len(form.counts)))
    left, most = np.zeros(sum(form.classes)), 0
    for part in parts:
        deviation = complete(part.form, clipped(part.form, wanted(part)))
        if not theta:
            deviation[:] = 0.0
        inner = factors(part.form, theta, deviation)
        if inner is not None:
            deviation *= inner
        own, operations = drift(part.form, deviation)
        left += own
        most = max(most, operations)
        deviation *= theta
        least[:, part.at] = gains(part.form, deviation, None)
    value = nextafter(summed_gain(form, least) - bias_term(form, theta, left, most + len(parts), sizes), -inf)
    return value if isfinite(value) else -inf


def zero_point(parts: Parts) -> float:
    """≤ D at g = 0."""
    form = parts.outline
    least = np.empty((len(form.classes), len(form.counts)))
    for part in parts:
        zero = np.zeros_like(part.form.targets)
        least[:, part.at] = gains(part.form, zero, zero.copy() if form.lambda_b == 0.0 else None)
    return summed_gain(form, least)
