"""A dual point from Z = W H̄ itself, for points whose residual is rounding.

Where targets are fitted, ∂ℓ is a difference of nearly equal numbers, and with small λ's nothing but its last digits.
Z has all of its own. At a minimum diag(1/√c) V diag(1/√w) is −τ U_r V_rᵀ on the singular vectors of

    Z̃ = diag(√c) Z diag(√w) = U S Vᵀ,

and of norm at most τ beside them. With such a V, g is off by what rounding leaves of a logit, and D by its square.
``dual_point`` makes whatever comes of it feasible, and bounds its D: nothing rests on Z being near a minimum.
"""

from __future__ import annotations

import numpy as np

from verify.certification.dual_value import dual_point, scale_of
from verify.reading.form import Float, Form

MOST_RANKS = 6  # tried: where singular values drop most
SMALLEST = 1e-300  # a singular value to divide by


def product_bound(form: Form, residual: Float, product: Float) -> float:
    """The largest D of ``product_deviations``; −∞ if there are none."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = [dual_point(form, deviation).value for deviation in product_deviations(form, residual, product)]
    return max(found, default=-np.inf)


def product_deviations(form: Form, residual: Float, product: Float) -> list[Float]:
    """(R, m) the module's deviations over r; none where no loss leaves such residuals, or where one is not finite."""
    if not any(loss.attains_zero for loss in form.loss_of):
        return []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scale = scale_of(form)
        scaled, weighted = scale * residual, np.sqrt(form.rows_c)[:, None] * product * np.sqrt(form.feature_weight)
        if not (np.isfinite(scaled).all() and np.isfinite(weighted).all()):
            return []
        U, S, Vt = np.linalg.svd(weighted, full_matrices=False)
        drops = S / np.maximum(np.append(S[1:], 0.0), SMALLEST)
        ranks = np.argsort(drops)[::-1][:MOST_RANKS] + 1
        return [np.asarray(_deviation(form, scaled, U[:, :r], Vt[:r]) / scale) for r in ranks]


def _deviation(form: Form, scaled: Float, U: Float, Vt: Float) -> Float:
    """The scaled V of r = len(Vt)."""
    rest = scaled - U @ (U.T @ scaled)
    rest = rest - (rest @ Vt.T) @ Vt
    left, sizes, right = np.linalg.svd(rest, full_matrices=False)
    deviation = (left * np.minimum(sizes, form.tau)) @ right - form.tau * (U @ Vt)
    return deviation if form.row_labelled is None else np.where(form.row_labelled, deviation, 0.0)
