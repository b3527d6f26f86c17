"""D(q) ≤ min F in float64, proven: any matrix of doubles is made a feasible dual point, and every rounding is bounded.

Given wanted deviations δ_kl of q − y (doubles that need satisfy nothing), the dual point meant is the exact

    q_tl,k = y_tl,k + θ f_l δ_kl,      δ_kl = max(wanted, −y),      but in each block the top, a largest target, has
    δ_top,l = − Σ_{k ≠ top} δ_kl,      so that blocks sum to s whatever rounding does.

θ ≤ τ/σ̄ with σ̄ ≥ ‖diag(√c) δ diag(a/√w)‖_2 proven (``norm_bound``); columns times f_l ≤ 1 have no larger norm. f_l is
1 unless an entry of q would be negative or too near zero to be told from it. With V_tl = c^t a_l θ f_l δ_tl,

    D = Σ_t c^t Σ_l a_l s_tl entropy(q_tl / s_tl) − Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t).

**Rounding.** u = 2⁻⁵³; K classes, m labels; first order in u, the second taken up by the rounding up of constants.
What is known: + − × / √ are within u, ``log`` and ``log1p`` within 4 units in the last place, 8u. What is stored of the
problem: a_l and w_l within 2u, √w_l within 2u, targets within 4u (ε s/K, 1 − ε, and their sum).

    scaled entry √c · a/√w · δ     a 2, √w 2, /, √c, two ×: 8u                                      → 10u |entry|
    top entry of δ                 a sum of K terms: K u B_tl, B_tl = Σ_k |δ_kl|. In the scaled matrix, of norm
                                   ≤ K u √(‖.‖_1 ‖.‖_∞) of the matrix with √c a/√w B_tl at the tops, 0 elsewhere
    τ                              two √, two ×: 3u                                                 → 4u τ
    q_k = y + θ f δ, k ≠ top       4u y + 3u |θ f δ| + u q, where |θ f δ| ≤ q + y                    → u (8 y + 4 q)
    π = q/s, L = −log π            an entry of φ = Σ_{k ≠ top} π L moves by L + 1 times π's error; / u, log 8u L, × u,
                                   sum of K: u [(K + 16) φ + 6 t + 9 Y], t = Σ_{k ≠ top} π, Y = Σ (y/s)(1 + L)
    t                              sum of K: u [(K + 8) t + 8 Y]; the top's ψ = −(1 − t) log(1 − t) ≤ t moves by
                                   1 + ℓ times that, ℓ = −log(1 − t), and is computed within 10u
    entropy                        all of it: u [(K + 16) φ + 2 (K + 16)(1 + ℓ) t + 20 (1 + ℓ) Y]
    Σ_l a_l δ_kl                   m/w blocks of w terms, a 2, the top: of Euclidean norm ≤ (w + m/w + K + 10) u
                                   Σ_l a_l B_tl =: e_t
    ‖Σ_l V_tl‖² / (4 λ_b c^t)      c^t θ² (‖drift_t‖ + e_t)² / (4 λ_b), itself within (K + T + 16) u
    sums over tasks and labels     ``math.fsum``, u; c a s entropy: 8u

An entry that underflows is off by at most 2⁻¹⁰²² and then moves an entropy by less than 2⁻¹⁰¹⁰. The bounds on π's error
use that neither an entry of q nor its top is near zero beside that error: f_l keeps q_k ≥ 2⁻⁴⁰ y_k and
q_top ≥ y_top max(2⁻³⁶, 2¹² K² u), far above both.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, fsum, inf, isfinite, isqrt, ldexp, nextafter, sqrt

import numpy as np

from verify.certification.norm_bound import norm_bound
from verify.losses.rounding import UNIT, gamma
from verify.reading.form import Float, Form

UNDERFLOW = 2.0**-1010  # see the last paragraph
SMALLEST = 2.0**-900  # norms below are taken for it
INSIDE = 1.0 - 2.0**-40  # of −y, that a negative deviation may be


@dataclass(frozen=True)
class DualPoint:
    """A feasible dual point.

    value      ≤ D ≤ min F; −∞ where it overflows
    sigma      σ = ‖diag(√c) δ diag(a/√w)‖_2 as computed, before θ
    deviation  (R, m) f_l δ_kl; min(1, τ/σ) times it is q − y, rounding apart
    """

    value: float
    sigma: float
    deviation: Float


def dual_point(form: Form, wanted: Float) -> DualPoint:
    """The feasible dual point at the wanted (R, m) deviation q − y, and the proven bound there."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        deviation, sums = _completed(form, wanted)
        masses = np.abs(deviation)
        blocks = form.block_sums(masses)
        sigma, bound = _norms(form, deviation, masses, blocks)
        allowed = form.tau * (1.0 - 4 * UNIT)
        theta = 1.0 if bound <= allowed else allowed / bound * (1.0 - 2 * UNIT)
        if not theta > 0.0:  # τ/σ̄ underflows, or σ̄ is no number
            theta, deviation = 0.0, np.zeros_like(deviation)
        inside = _inside(form, theta, deviation, sums)
        if inside is not None:
            deviation *= inside
        gain = _entropy(form, form.targets + theta * deviation)
        loss = _bias_term(form, theta, deviation, blocks)
        value = nextafter(gain - loss, -inf)
    return DualPoint(value if isfinite(value) else -inf, sigma, deviation)


def label_entropy(form: Form) -> float:
    """≤ D at q = y, the entropy of the targets: no norm and no drift."""
    return _entropy(form, form.targets.copy())


def _completed(form: Form, wanted: Float) -> tuple[Float, Float]:
    """(R, m) δ, and (T, m) the sums over k ≠ top of which the top is minus."""
    targets = np.where(form.targets > SMALLEST, form.targets, 0.0) if form.soft else form.targets
    deviation = np.maximum(wanted, -targets)
    labels = np.arange(deviation.shape[1])
    deviation[form.tops, labels] = 0.0
    sums = form.block_sums(deviation)
    deviation[form.tops, labels] = -sums
    return deviation, sums


def _norms(form: Form, deviation: Float, masses: Float, blocks: Float) -> tuple[float, float]:
    """σ as computed and σ̄ ≥ ‖diag(√c) δ diag(a/√w)‖_2 of the exact δ; both infinite or NaN where they overflow.

    X is the scaled matrix divided by a power of two that no entry exceeds, √(‖|.|‖_1 ‖|.|‖_∞) rounded up.
    """
    column = form.loss_weight / np.sqrt(form.feature_weight)
    root = np.sqrt(form.rows_c)
    tops = np.sqrt(form.task_weights)[:, None] * (column * blocks)
    one = max(float(tops.sum(axis=0).max()), SMALLEST)
    infinity = max(float((root * (masses @ column)).max()), SMALLEST)
    size = sqrt(one) * sqrt(infinity) * (1.0 + gamma(deviation.size + 16))
    if not isfinite(size):
        return size, size
    exponent = frexp(size)[1]
    X = deviation * np.ldexp(column, -exponent)
    X *= root[:, None]
    sigma, bound = norm_bound(X, ldexp(size, -exponent) ** 2)
    at_tops = float(np.bincount(form.tops.ravel(), weights=tops.ravel()).max())
    slack = gamma(12) * size + gamma(max(form.classes) + 4) * sqrt(one) * sqrt(at_tops)
    return ldexp(sigma, exponent), (ldexp(bound, exponent) + slack) * (1.0 + 8 * UNIT)


def _inside(form: Form, theta: float, deviation: Float, sums: Float) -> Float | None:
    """(m,) f_l ≤ 1 that keep q away from zero; None where all are 1."""
    room = np.take_along_axis(form.targets, form.tops, axis=0)
    room *= max(0.0, 1.0 - max(2.0**-36, 2.0**12 * UNIT * max(form.classes) ** 2))
    over = theta * sums > room
    low = (theta * deviation < -INSIDE * form.targets).any(axis=0) if form.soft else np.zeros(len(room[0]), bool)
    if not over.any() and not low.any():
        return None
    ratio = np.where(over, room / np.where(over, theta * sums, 1.0) * (1.0 - 8 * UNIT), 1.0).min(axis=0)
    return np.asarray(np.where(low, INSIDE * ratio, ratio))


def _entropy(form: Form, q: Float) -> float:
    """≤ Σ_t c^t Σ_l a_l s_tl entropy(q_tl / s_tl); q (R, m) is overwritten."""
    q[form.tops, np.arange(q.shape[1])] = 0.0
    per_class = np.array([gamma(k + 16) for k in form.classes])[:, None]
    s = np.rint(form.masses)  # smoothing keeps them whole
    if form.soft:
        q /= np.repeat(np.maximum(s, 1.0), form.classes, axis=0)
    L = -np.log(q, where=q > 0.0, out=np.zeros_like(q))
    phi = np.stack([np.einsum("kl,kl->l", q[rows], L[rows]) for rows in form.blocks])
    t = form.block_sums(q)
    ell = -np.log1p(-t)
    error = per_class * (phi + 2.0 * (1.0 + ell) * t)
    if form.soft:
        y = form.targets.copy()
        y[form.tops, np.arange(q.shape[1])] = 0.0
        error += gamma(20) * (1.0 + ell) * form.block_sums(y * (1.0 + L))
    least = np.maximum(phi + (1.0 - t) * ell - error - max(form.classes) * UNDERFLOW, 0.0)
    terms = form.loss_weight * (form.task_weights @ (s * least))
    total: float = fsum(terms.tolist()) * (1.0 - gamma(len(form.classes) + 10))
    return max(0.0, total - len(form.counts) * UNDERFLOW)


def _bias_term(form: Form, theta: float, deviation: Float, blocks: Float) -> float:
    """≥ Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t); ``blocks`` may be those of larger deviations."""
    if not form.lambda_b or set(form.losses) != {"cross-entropy"}:
        raise NotImplementedError(f"losses {form.losses} with lambda_b={form.lambda_b}")
    K, m = max(form.classes), len(form.counts)
    width = min(m, max(64, isqrt(m)))
    drift = np.zeros(len(deviation))
    for start in range(0, m, width):
        drift += deviation[:, start : start + width] @ form.loss_weight[start : start + width]
    total = 0.0
    for c, rows, size in zip(form.task_weights, form.blocks, blocks @ form.loss_weight, strict=True):
        e = gamma(width + m // width + K + 10) * float(size) + m * K * UNDERFLOW
        norm = sqrt(float(drift[rows] @ drift[rows])) + e if theta else 0.0
        total += float(c) * (theta * norm) ** 2 / 4.0 / form.lambda_b
    return total * (1.0 + gamma(K + len(form.classes) + 16))
