"""The factors of better logits: a point of doubles, whose F can be proven lower."""

from __future__ import annotations

import numpy as np

from verify.certification.descent import better_logits
from verify.certification.objective import Evaluation
from verify.reading.form import Form
from verify.reading.point import Point


def better_point(form: Form, point: Point, at: Evaluation) -> Point | None:
    """W̃ = (λ_H/λ_W)^{1/4} U S^{1/2}, H̃ = (λ_W/λ_H)^{1/4} S^{1/2} Vᵀ of Z̃ = U S Vᵀ, one column per label; or None.

    None if d is below what suffices, or where no logits with a lower P are found.
    """
    dim = point.W.shape[1]
    if dim < form.sufficient_dim:
        return None
    better = better_logits(form, at.logits, point.b, at.objective, at.rounding)
    if better is None:
        return None
    U, singular, Vt = np.linalg.svd(better.Z, full_matrices=False)
    rank = min(dim, len(singular))
    balance = (form.lambda_H / form.lambda_W) ** 0.25
    root = np.sqrt(singular[:rank])
    W, H = np.zeros((len(U), dim)), np.zeros((dim, Vt.shape[1]))
    W[:, :rank] = balance * U[:, :rank] * root / np.sqrt(form.rows_c)[:, None]
    H[:rank] = root[:, None] * Vt[:rank] / balance / np.sqrt(form.feature_weight)
    labels = np.arange(H.shape[1])
    b = better.b if form.lambda_b is not None else np.zeros_like(better.b)
    return Point(W, b, H, labels, np.ones_like(labels))
