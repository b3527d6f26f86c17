"""How well a duality gap pins the geometry of the minimizer. Beyond the paper: docs/theory.md, "What a gap pins".

With g = F − D of a form, u the logits at the point, u* = Z* + b* 1ᵀ those at the minimizer, and B the Bregman distance
of a loss, ℓ(u) − ℓ(u*) − ⟨∂ℓ(u*), u − u*⟩,

    Σ_tl c^t a_l B_tl + λ_b Σ_t c^t ‖b^t − b*^t‖² ≤ g                         (convexity of the nuclear norm)
    ‖u_tl − u*_tl‖² ≤ 4 B_tl / (s_tl m_tl)                                     where B_tl ≤ s_tl m_tl / 4
    ‖Z̃ − Z̃*‖_F ≤ √( 4 g max_tl w_l / (a_l s_tl m_tl) ) + √( g Σ_l w_l / λ_b ) =: δ
    ‖ M − M* ‖_F ≤ ‖ M − (|Z̃ᵀ|, Z̃; Z̃ᵀ, |Z̃|) ‖_F + √6 δ                     (A ↦ |A| is √2-Lipschitz, Araki & Yamagami)

m_tl is the least entry of the loss's ``curvature`` at the point: min_k p_k, min_k σ(u_k) σ(−u_k), or 1. Logits of a
loss that is blind to a common shift are centred. Without bias the second term of δ is absent; so it is where the bias
is free, since Z̃* √w = 0 there and Z̃ is made so by a projection. M is the Gram matrix of the rows of Ŵ and columns of
Ĥ, the heads and features in balanced units: everything a rotation of R^d leaves alone, of every global minimizer,
follows from M*.

A column without a label in some task has no loss there that would pin its logits: δ = ∞.
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

    Where every head and feature is zero, the bound is in units of F/τ instead, and 0 where F is 0 too. Largest over the
    forms of the problem.
    """
    certificates = certificate.tasks or (certificate,)
    return max(_resolution(part, own) for part, own in zip(at.samples, certificates, strict=True))


def _resolution(part: Samples, certificate: Certificate) -> float:
    error = gram_error(part, certificate.gap)
    smallest = _least_live(part)
    if smallest > 0:
        return error / smallest
    if certificate.objective > 0:
        return error * part.form.tau / certificate.objective
    return math.inf if error else 0.0


def gram_error(part: Samples, gap: float) -> float:
    """Bound on ‖M − M*‖_F for a point whose objective is at most ``gap`` above the minimum."""
    form = part.form
    Z = _unmoved(form, part.point.W @ part.means)
    U, singular, Vt = np.linalg.svd(form.scaling * Z, full_matrices=False)
    vectors = np.concatenate([U, Vt.T])
    ideal = (vectors * singular) @ vectors.T  # (|Z̃ᵀ|, Z̃; Z̃ᵀ, |Z̃|)
    distance = logit_distance(form, part.point.W @ part.means + part.point.b[:, None], max(0.0, gap))
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
    """δ: an upper bound on the Frobenius distance of Z̃ from the minimizer's, from logits (R, m), b included."""
    if form.labelled is not None:
        return math.inf
    curvature = np.inf  # min of a_l s_tl m_tl / w_l
    for loss, rows, mass, c in zip(form.loss_of, form.blocks, form.masses, form.task_weights, strict=True):
        least = loss.curvature(logits[rows], form.targets[rows]).min(axis=0)
        if not np.all(gap <= c * form.loss_weight * mass * least / 4.0):
            return math.inf
        curvature = min(curvature, float((form.loss_weight * mass * least / form.feature_weight).min()))
    of_bias = math.sqrt(gap * float(form.feature_weight.sum()) / form.lambda_b) if form.lambda_b else 0.0
    return math.sqrt(4.0 * gap / curvature) + of_bias


def _least_live(part: Samples) -> float:
    """Least squared norm, in balanced units, of a head or feature that is not zero; 0 where all are."""
    W, H = _balanced(part)
    lengths = np.concatenate([np.sum(W**2, axis=1)[live_rows(part)], np.sum(H**2, axis=1)[live_features(part)]])
    return float(lengths.min(initial=np.inf)) if len(lengths) else 0.0


def _unmoved(form: Form, Z: Float) -> Float:
    """Z (R, m) as the minimizer's is: centred where the loss does not see a common shift, Z w = 0 where b is free."""
    blocks = [
        Z[rows] - Z[rows].mean(axis=0) if loss.shift_blind else Z[rows]
        for loss, rows in zip(form.loss_of, form.blocks, strict=True)
    ]
    Z = np.concatenate(blocks)
    return Z - (Z @ form.feature_weight / form.feature_weight.sum())[:, None] if form.lambda_b == 0 else Z
