"""How well a duality gap pins the geometry of the minimizer. Beyond the paper: docs/theory.md, "What a gap pins".

With g = F − D of a form, p the softmax at the point and p* at the minimizer (Z*, b*),

    Σ_tl c^t a_l s_tl KL(p*_tl ‖ p_tl) + λ_b Σ_t c^t ‖b^t − b*^t‖² ≤ g        (convexity of the nuclear norm)
    Σ_k (log p*_k − log p_k)² ≤ 4 KL(p* ‖ p) / min_k p_k                      where KL ≤ min_k p_k / 4
    ‖Z̃ − Z̃*‖_F ≤ √( 4 g max_tl w_l / (a_l s_tl min_k p_tlk) ) + √( g Σ_l w_l / λ_b ) =: δ
    ‖ M − M* ‖_F ≤ ‖ M − (|Z̃ᵀ|, Z̃; Z̃ᵀ, |Z̃|) ‖_F + √6 δ                     (A ↦ |A| is √2-Lipschitz, Araki & Yamagami)

M is the Gram matrix of the rows of Ŵ and the columns of Ĥ, the heads and features in balanced units: everything a
rotation of R^d leaves alone, of every global minimizer, follows from M*.
"""

from __future__ import annotations

import math

import numpy as np

from verify.certification.certificate import Certificate
from verify.claims.regime import live_features, live_rows
from verify.reading.form import Float, Form
from verify.reading.read import At
from verify.reading.samples import Samples


def resolution(at: At, certificate: Certificate) -> float:
    """Bound on ‖M − M*‖_F over the least squared norm of a head or feature that is not zero; ∞ where there is none.

    Where every head and feature is zero, the bound is in units of F/τ instead. Largest over the forms of the problem.
    """
    certificates = certificate.tasks or (certificate,)
    return max(_resolution(part, own) for part, own in zip(at.samples, certificates, strict=True))


def _resolution(part: Samples, certificate: Certificate) -> float:
    error = gram_error(part, certificate.gap)
    smallest = _least_live(part)
    return error / smallest if smallest > 0 else error * part.form.tau / certificate.objective


def gram_error(part: Samples, gap: float) -> float:
    """Bound on ‖M − M*‖_F for a point whose objective is at most ``gap`` above the minimum."""
    form = part.form
    Z = _centred(form, part.point.W @ part.means)
    U, singular, Vt = np.linalg.svd(form.scaling * Z, full_matrices=False)
    left, right = U * singular, Vt.T * singular
    ideal = np.block([[left @ U.T, left @ Vt], [right @ U.T, right @ Vt]])
    distance = logit_distance(form, Z + part.point.b[:, None], max(0.0, gap))
    return float(np.linalg.norm(gram(part) - ideal)) + math.sqrt(6.0) * distance


def gram(part: Samples) -> Float:
    """M (R + m, R + m) of the point itself, label means for features."""
    stacked = np.concatenate(_balanced(part))
    return np.asarray(stacked @ stacked.T)


def _balanced(part: Samples) -> tuple[Float, Float]:
    """Rows of Ŵ = (λ_W/λ_H)^{1/4} √c W, and of Ĥᵀ = (λ_H/λ_W)^{1/4} √w Hᵀ: equal Gram spectra at a critical point."""
    form = part.form
    ratio = math.sqrt(form.lambda_H / form.lambda_W)
    W = np.sqrt(form.rows_c / ratio)[:, None] * part.point.W
    return W, np.sqrt(ratio * form.feature_weight)[:, None] * part.means.T


def logit_distance(form: Form, logits: Float, gap: float) -> float:
    """δ: an upper bound on the Frobenius distance of Z̃ from the minimizer's, from centred logits (R, m), b included."""
    if not form.lambda_b or set(form.losses) != {"cross-entropy"}:
        return math.inf  # the argument is about softmax and a penalized bias
    curvature = np.inf  # min of a_l s_tl min_k p_tlk / w_l
    for rows, mass, c in zip(form.blocks, form.masses, form.task_weights, strict=True):
        p = np.exp(logits[rows] - logits[rows].max(axis=0))
        least = (p / p.sum(axis=0)).min(axis=0)
        if not np.all(gap <= c * form.loss_weight * mass * least / 4.0):
            return math.inf
        curvature = min(curvature, float((form.loss_weight * mass * least / form.feature_weight).min()))
    return math.sqrt(4.0 * gap / curvature) + math.sqrt(gap * float(form.feature_weight.sum()) / form.lambda_b)


def _least_live(part: Samples) -> float:
    """Least squared norm, in balanced units, of a head or feature that is not zero; 0 where all are."""
    W, H = _balanced(part)
    lengths = np.concatenate([np.sum(W**2, axis=1)[live_rows(part)], np.sum(H**2, axis=1)[live_features(part)]])
    return float(lengths.min(initial=np.inf)) if len(lengths) else 0.0


def _centred(form: Form, Z: Float) -> Float:
    return np.concatenate([Z[rows] - Z[rows].mean(axis=0) for rows in form.blocks])
