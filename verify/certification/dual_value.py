"""D(g) ≤ min F in float64, proven: any matrix of doubles is made a feasible dual point, and every rounding is bounded.

Given wanted deviations g (doubles that need satisfy nothing), the dual point meant is the exact θ f_l δ_kl, where δ is
``wanted``, clipped to the domain of each entry (``Loss.clip``), but

    tasks blind to shifts   in each block the top, a largest target, has δ_top,l = − Σ_{k ≠ top} δ_kl, so that blocks
                            sum to 0 whatever rounding does
    λ_b = 0, a free bias    Σ_l a_l δ_kl = 0 exactly; entries are ``moved`` for it, by a known bound: ``free_bias``

θ ≤ τ/σ̄ with σ̄ ≥ ‖diag(√c) δ diag(a/√w)‖_2 proven (``norm_bound``); columns times f_l ≤ 1 have no larger norm. f_l is
1 unless the conjugate's bound needs the point further inside (``Loss.inside``); it is one f for all where the bias is
free, whose constraint it keeps then. Domains are convex and contain 0. With V_tl = c^t a_l θ f_l δ_tl,

    D = − Σ_t c^t Σ_l a_l ℓ_t*(θ f_l δ_tl; y_tl) − Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t),

the last sum 0 under a free bias and without a bias.

**Rounding.** u = 2⁻⁵³; K classes, m labels; first order in u, the second taken up by the rounding up of constants.
What is known: + − × / √ are within u, ``log`` and ``log1p`` within 4 units in the last place, 8u. What is stored of the
problem: a_l and w_l within 2u, √w_l within 2u, targets as ``Form.roundings`` says.

    scaled entry √c · a/√w · δ     a 2, √w 2, /, √c, two ×: 8u                                      → 10u |entry|
    top entry of δ                 a sum of K terms: K u B_tl, B_tl = Σ_k |δ_kl|. In the scaled matrix, of norm
                                   ≤ K u √(‖.‖_1 ‖.‖_∞) of the matrix with √c a/√w B_tl at the tops, 0 elsewhere
    entries moved                  of norm ≤ ‖√c a/√w moved‖_F
    τ                              two √, two ×: 3u                                                 → 4u τ
    θ f δ                          3u, and what is moved times θ: ``Loss.bound``, with the rest of −ℓ*
    Σ_l a_l δ_kl                   m/w blocks of w terms, a 2, the top: of Euclidean norm ≤ (w + m/w + K + 10) u
                                   Σ_l a_l B_tl =: e_t
    ‖Σ_l V_tl‖² / (4 λ_b c^t)      c^t θ² (‖drift_t‖ + e_t)² / (4 λ_b), itself within (K + T + 16) u
    sums over tasks and labels     ``math.fsum``, u; c a × the bound: (T + 10) u of the sum of sizes
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import frexp, fsum, inf, isfinite, ldexp, nextafter, sqrt

import numpy as np

from verify.certification.free_bias import clipped, complete, drift, movable, tilted
from verify.certification.norm_bound import norm_bound
from verify.losses.rounding import UNDERFLOW, UNIT, gamma
from verify.losses.tasks import stacked
from verify.reading.form import Float, Form
from verify.reading.outline import Outline

SMALLEST = 2.0**-900  # norms below are taken for it


@dataclass(frozen=True)
class DualPoint:
    """A feasible dual point.

    value      ≤ D ≤ min F; −∞ where it overflows
    sigma      σ = ‖diag(√c) δ diag(a/√w)‖_2 as computed, before θ
    deviation  (R, m) f_l δ_kl; min(1, τ/σ) times it is the dual point, rounding apart
    """

    value: float
    sigma: float
    deviation: Float


def dual_point(form: Form, wanted: Float) -> DualPoint:
    """The feasible dual point at the wanted (R, m) deviation, and the proven bound there."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        deviation, moved = _feasible(form, wanted)
        masses = np.abs(deviation)
        blocks = form.block_sums(masses)
        sigma, bound = _norms(form, deviation, masses, blocks, moved)
        theta = share_of(form.tau, bound)
        if not theta:
            deviation, moved = np.zeros_like(deviation), None if moved is None else np.zeros_like(deviation)
        theta = _inside(form, theta, deviation)
        gain = _gain(form, theta * deviation, None if moved is None else theta * (1.0 + 2 * UNIT) * moved)
        loss = bias_term(form, theta, *drift(form, deviation), blocks @ form.loss_weight)
        value = nextafter(gain - loss, -inf)
    return DualPoint(value if isfinite(value) else -inf, sigma, deviation)


def zero_point(form: Form) -> float:
    """≤ D at g = 0, for cross-entropies the entropy of the targets: no norm and no drift."""
    zero = np.zeros_like(form.targets)
    return _gain(form, zero, zero.copy() if form.lambda_b == 0.0 else None)


def _feasible(form: Form, wanted: Float) -> tuple[Float, Float | None]:
    """(R, m) δ, and what its entries are moved by where the bias is free."""
    deviation = complete(form, clipped(form, wanted))
    if form.lambda_b != 0.0:
        return deviation, None
    found = movable(form, complete(form, tilted(form, deviation)))
    return (np.zeros_like(deviation), np.zeros_like(deviation)) if found is None else found


def scale_of(form: Form) -> Float:
    """(R, m) with diag(1/√c) V diag(1/√w) = scale · g."""
    return np.asarray(np.sqrt(form.rows_c)[:, None] * (form.loss_weight / np.sqrt(form.feature_weight)))


def _norms(form: Form, deviation: Float, masses: Float, blocks: Float, moved: Float | None) -> tuple[float, float]:
    """σ as computed and σ̄ ≥ ‖diag(√c) δ diag(a/√w)‖_2 of the exact δ; both infinite or NaN where they overflow.

    X is the scaled matrix divided by a power of two that no entry exceeds, √(‖|.|‖_1 ‖|.|‖_∞) rounded up.
    """
    column = form.loss_weight / np.sqrt(form.feature_weight)
    root = np.sqrt(form.rows_c)
    tops = np.sqrt(form.task_weights)[:, None] * (column * blocks)
    one = max(float(np.add.reduce(tops, axis=0).max()), SMALLEST)
    infinity = max(float((root * (masses @ column)).max()), SMALLEST)
    size = sqrt(one) * sqrt(infinity) * (1.0 + gamma(deviation.size + 16))
    if not isfinite(size):
        return size, size
    exponent = frexp(size)[1]
    X = deviation * np.ldexp(column, -exponent)
    X *= root[:, None]
    sigma, bound = norm_bound(X, ldexp(size, -exponent) ** 2)
    slack = gamma(12) * size
    if form.shift_blind:
        at_tops = np.bincount(form.tops.ravel(), weights=tops.ravel())  # of other losses too, which costs little
        slack += gamma(max(form.classes) + 4) * sqrt(one) * sqrt(float(at_tops.max()))
    if moved is not None:
        slack += float(np.linalg.norm(root[:, None] * (moved * column))) * (1.0 + gamma(moved.size + 16))
    return ldexp(sigma, exponent), (ldexp(bound, exponent) + slack) * (1.0 + 8 * UNIT)


def share_of(tau: float, bound: float) -> float:
    """θ ≤ τ/σ̄, at most 1; 0 where that underflows, or σ̄ is no number."""
    allowed = tau * (1.0 - 4 * UNIT)
    theta = 1.0 if bound <= allowed else allowed / bound * (1.0 - 2 * UNIT)
    return theta if theta > 0.0 else 0.0


def _inside(form: Form, theta: float, deviation: Float) -> float:
    """θ, with δ multiplied by the f_l that conjugates need, in place; under a free bias θ is, by the least of them."""
    least = factors(form, theta, deviation)
    if least is None:
        return theta
    if form.lambda_b == 0.0:
        return further_inside(theta, float(least.min()))
    deviation *= least
    return theta


def factors(form: Form, theta: float, deviation: Float) -> Float | None:
    """(m,) the f_l that conjugates need; None if all are 1."""
    parts = [group.loss.inside(group.at, theta, deviation[group.rows]) for group in form.groups]
    found = [part for part in parts if part is not None]
    return np.asarray(np.minimum.reduce(found)) if found else None


def further_inside(theta: float, least: float) -> float:
    """θ times the least of the f_l."""
    return theta * max(least, 0.0) * (1.0 - 4 * UNIT)


def _gain(form: Form, g: Float, moved: Float | None) -> float:
    """≤ −Σ_t c^t Σ_l a_l ℓ_t*(g_tl; y_tl); g (R, m) may be overwritten."""
    return summed_gain(form, gains(form, g, moved))


def gains(form: Form, g: Float, moved: Float | None, centre: Float | None = None) -> Float:
    """(T, m) ≤ −ℓ_t*(g_tl; y_tl); g (R, m) may be overwritten. ``centre`` (R,) is ``Tasks.centre``."""
    parts = []
    for group in form.groups:
        at = group.at if centre is None else replace(group.at, centre=centre[group.rows])
        parts.append(group.loss.bound(at, g[group.rows], None if moved is None else moved[group.rows]))
    return stacked(parts)


def summed_gain(form: Outline, least: Float) -> float:
    """≤ Σ_t c^t Σ_l a_l of ``least`` (T, m)."""
    terms = form.loss_weight * (form.task_weights @ least)
    sizes = terms if (least >= 0.0).all() else form.loss_weight * (form.task_weights @ np.abs(least))
    rounding = gamma(len(form.classes) + 10) * fsum(sizes.tolist())
    total: float = fsum(terms.tolist()) - rounding - len(form.counts) * UNDERFLOW
    return total if isfinite(total) else -inf


def bias_term(form: Outline, theta: float, left: Float, operations: int, sizes: Float) -> float:
    """≥ Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t), of Σ_l a_l δ_l (R,) in so many operations; sizes ≥ Σ_l a_l B_l (T,)."""
    if not form.lambda_b:
        return 0.0
    K, m = max(form.classes), len(form.counts)
    total = 0.0
    for c, rows, size in zip(form.task_weights, form.blocks, sizes, strict=True):
        e = gamma(operations + K + 10) * float(size) + m * K * UNDERFLOW
        norm = sqrt(float(left[rows] @ left[rows])) + e if theta else 0.0
        total += float(c) * (theta * norm) ** 2 / 4.0 / form.lambda_b
    return total * (1.0 + gamma(K + len(form.classes) + 16))
