"""D at g = θ ∂ℓ for many points at once: ``verify.certification.dual_value`` with the problem last.

Under a free bias deviations are not tilted first: near a minimum their sums Σ_l a_l g_l are all but 0, and entries are
``moved`` by what they are. Far from one there is no room for it, and nothing is proven here.

**Rounding.** As there, with sums over m labels that run one by one in place of its blocks and ``math.fsum``:

    Σ_l a_l δ_kl                   m terms, a 2, the top: (m + K + 10) u Σ_l a_l B_tl =: e_t
    D's sum over tasks and labels  c a × the bound: (T + m + 10) u of the sum of sizes, itself within as much
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.certification.batch.evaluation import evaluations
from verify.certification.batch.norms import norm_bounds
from verify.certification.batch.pivots import movable
from verify.certification.batch.stacked import Stacked
from verify.certification.dual_value import SMALLEST
from verify.certification.free_bias import clipped, complete
from verify.losses.rounding import UNDERFLOW, UNIT, gamma
from verify.reading.form import Float


@dataclass(frozen=True)
class Bounded:
    """(B,) each: F, a bound on its rounding, the plain bound D ≤ min F or −∞ where it could not be proven, and σ."""

    objective: Float
    rounding: Float
    lower: Float
    sigma: Float


def bounded(at: Stacked) -> Bounded:
    """Every point's."""
    found = evaluations(at)
    lower, sigma = _plain_bounds(at, found.residual)
    return Bounded(found.objective, found.rounding, lower, sigma)


def _plain_bounds(at: Stacked, residual: Float) -> tuple[Float, Float]:
    """(B,) D at θ times the residuals (R, m B) made feasible, θ = min(1, τ/σ̄), and σ."""
    form = at.wide
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        deviation = complete(form, clipped(form, residual))
        masses = np.abs(deviation)
        blocks = at.apart(form.block_sums(masses))
        moved, possible = movable(at, deviation) if at.free else (None, np.True_)
        sigma, bound = _norms(at, at.apart(deviation), at.apart(masses), blocks, moved)
        allowed = at.tau * (1.0 - 4 * UNIT)
        theta = np.where(bound <= allowed, 1.0, allowed / bound * (1.0 - 2 * UNIT))
        proven = (theta > 0.0) & possible  # no number where σ̄ is none
        theta = np.where(proven, theta, 0.0)
        by_column = np.tile(theta, len(at.loss_weight))
        parts = [group.loss.inside(group.at, by_column, deviation[group.rows]) for group in form.groups]
        factors = [part for part in parts if part is not None]
        if factors and at.free:
            least = np.maximum(at.apart(np.minimum.reduce(factors)).min(axis=0), 0.0)
            theta = theta * least * (1.0 - 4 * UNIT)
            by_column = np.tile(theta, len(at.loss_weight))
        elif factors:
            deviation *= np.minimum.reduce(factors)
        gain = _gains(at, by_column * deviation, None if moved is None else by_column * (1.0 + 2 * UNIT) * moved)
        loss = _bias_terms(at, theta, at.apart(deviation), blocks)
        value = np.nextafter(gain - loss, -np.inf)
    return np.where(proven & np.isfinite(value), value, -np.inf), sigma


def _norms(at: Stacked, deviation: Float, masses: Float, blocks: Float, moved: Float | None) -> tuple[Float, Float]:
    """(B,) σ as computed and σ̄ ≥ ‖diag(√c) δ diag(a/√w)‖_2 of the exact δ."""
    form = at.wide
    column = at.loss_weight / np.sqrt(at.feature_weight)
    root = np.sqrt(at.rows_c)
    tops = np.sqrt(at.task_weights)[:, None] * (column * blocks)
    one = np.maximum(tops.sum(axis=0).max(axis=0), SMALLEST)
    infinity = np.maximum((root * (masses * column).sum(axis=1)).max(axis=0), SMALLEST)
    size = np.sqrt(one) * np.sqrt(infinity) * (1.0 + gamma(deviation.shape[0] * deviation.shape[1] + 16))
    exponent = np.frexp(np.where(np.isfinite(size), size, 1.0))[1]
    X = deviation * np.ldexp(column, -exponent)
    X *= root[:, None]
    sigma, bound = norm_bounds(X, np.ldexp(size, -exponent) ** 2)
    slack = gamma(12) * size
    if form.shift_blind:  # in the rows that are tops of a block, whose sums of columns no row's exceeds
        slack += gamma(max(form.classes) + 4) * np.sqrt(one) * np.sqrt(tops.sum(axis=1).max(axis=0))
    if moved is not None:
        entries = root[:, None] * (at.apart(moved) * column)
        slack += np.sqrt((entries * entries).sum(axis=(0, 1))) * (
            1.0 + gamma(deviation.shape[0] * deviation.shape[1] + 16)
        )
    return np.ldexp(sigma, exponent), (np.ldexp(bound, exponent) + slack) * (1.0 + 8 * UNIT)


def _gains(at: Stacked, g: Float, moved: Float | None) -> Float:
    """(B,) ≤ −Σ_t c^t Σ_l a_l ℓ_t*(g_tl; y_tl); g (R, m B) may be overwritten."""
    form, (m, _) = at.wide, at.loss_weight.shape
    parts = [
        group.loss.bound(group.at, g[group.rows], None if moved is None else moved[group.rows]) for group in form.groups
    ]
    least = at.apart(np.concatenate(parts))
    terms = at.loss_weight * (at.task_weights[:, None] * least).sum(axis=0)
    sizes = at.loss_weight * (at.task_weights[:, None] * np.abs(least)).sum(axis=0)
    operations = len(form.classes) + m + 10
    rounding = gamma(operations) * sizes.sum(axis=0) * (1.0 + gamma(operations))
    return np.asarray(terms.sum(axis=0) - rounding - m * UNDERFLOW)


def _bias_terms(at: Stacked, theta: Float, deviation: Float, blocks: Float) -> Float:
    """(B,) ≥ Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t); ``blocks`` may be those of larger deviations."""
    form, (m, problems) = at.wide, at.loss_weight.shape
    total = np.zeros(problems)
    if not at.lambda_b.any():
        return total
    K = max(form.classes)
    left = (deviation * at.loss_weight).sum(axis=1)
    for c, rows, size in zip(at.task_weights, form.blocks, (blocks * at.loss_weight).sum(axis=1), strict=True):
        e = gamma(m + K + 10) * size + m * K * UNDERFLOW
        norm = np.sqrt((left[rows] ** 2).sum(axis=0)) + e
        total += c * (theta * norm) ** 2 / 4.0 / at.lambda_b
    return total * (1.0 + gamma(K + len(form.classes) + 16))
