"""Choices of a dual point for any logits: bounds on min F, beyond the paper (theory.md).

For every deviation g in the domains of the losses' conjugates ℓ_t*(g_tl; y_tl) whose V_tl = c^t a_l g_tl has
‖diag(1/√c) V diag(1/√w)‖_2 ≤ τ, and Σ_l V_tl = 0 where the bias is free,

    D(g) = − Σ_t c^t Σ_l a_l ℓ_t*(g_tl; y_tl) − Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t)  ≤  min F,

the last sum absent under a free bias and without one. At a minimum the residual ∂ℓ is the best deviation; near one,
there are several ways to make it feasible. Each is only wanted here: ``dual_point`` makes it feasible to the last
digit, θ = min(1, τ/σ) included, and bounds D's rounding. An average of residuals over columns of one label is again
such a deviation, with a smaller conjugate and no larger norm than the columns themselves, so nothing is lost by
averaging per label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from verify.certification.dual_of_product import product_deviations
from verify.certification.dual_value import dual_point, scale_of, zero_point
from verify.certification.free_bias import clipped, complete, tilted
from verify.reading.form import Float, Form

OFF = 2.0, 4.0, 16.0, 1.25, 0.0  # of |σ₁/τ − 1|: by how much a singular value that is τ at the minimum may be below it
LEAST, NEARLY = 0.5, 0.99  # of τ: a smaller one is never taken for τ; a larger one is, in one more try


@dataclass(frozen=True)
class Bound:
    """D ≤ min F, and σ/τ, at most 1 at a global minimum."""

    value: float
    spectral_ratio: float


def plain_bound(form: Form, residual: Float) -> Bound:
    """D at g = θ ∂ℓ, θ = min(1, τ/σ), from residuals (R, m) averaged per label."""
    point = dual_point(form, residual)
    return Bound(point.value, point.sigma / form.tau)


def best_deviation(form: Form, residual: Float, product: Float | None = None) -> Float:
    """(R, m) the deviation with the largest D of those that the bounds here try, and of W H̄'s if it is given."""
    balanced = _balanced(form, residual)
    tried = [balanced, per_task_deviation(form, balanced), *polar_deviations(form, balanced)]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if product is not None:
            tried += product_deviations(form, residual, product)
        best = max((dual_point(form, deviation) for deviation in tried), key=lambda point: point.value)
    return _shrink(form.tau, best.sigma) * best.deviation


def label_bound(form: Form) -> float:
    """D at g = 0: for cross-entropies the entropy of the targets, 0 for hard labels. No point's bound is worse."""
    return zero_point(form)


def other_bounds(form: Form, residual: Float, *, apart: bool) -> Iterator[float]:
    """0, which no loss is below, and D of the other choices, likely better ones first.

    apart  whether a θ per task is worth a try: not where all of the residual is below τ
    """
    yield max(0.0, label_bound(form))
    balanced = _balanced(form, residual)
    for deviation in polar_deviations(form, balanced):
        yield dual_point(form, deviation).value
    if apart and len(form.classes) > 1:
        yield per_task_bound(form, balanced)


def per_task_bound(form: Form, residual: Float) -> float:
    """D at ``per_task_deviation``."""
    return dual_point(form, per_task_deviation(form, residual)).value


def per_task_deviation(form: Form, residual: Float) -> Float:
    """θ_t ∂ℓ_t with θ_t = min(1, τ/σ_t) for each task, before all are shrunk together.

    Better than one θ where one task is far from its minimum and another near.
    """
    scaled = scale_of(form) * residual
    theta = np.array([_shrink(form.tau, _spectral_norm(scaled[rows])) for rows in form.blocks])
    return np.asarray(np.repeat(theta, form.classes)[:, None] * residual)


def polar_deviations(form: Form, residual: Float) -> Iterator[Float]:
    """g with singular values above τ, and those that ``least_active`` takes for τ, set to τ.

    At a minimum V pairs with Z̃ as ⟨−V, Z̃⟩ = τ ‖Z̃‖_*, its singular values on Z̃'s space all τ. Off by ε from one, one
    θ for all leaves them below τ by ε and a gap of order ε; set to τ they leave one of order ε², like F's excess.
    Singular values are off to either side alike, so that the largest tells how far below τ such ones may be.
    """
    scale = scale_of(form)
    U, singular, Vt = np.linalg.svd(scale * residual, full_matrices=False)
    for least in least_active(form.tau, float(singular[0])):
        polar = (U * np.where(singular >= least, form.tau, singular)) @ Vt / scale
        yield polar if form.row_labelled is None else np.where(form.row_labelled, polar, 0.0)


def least_active(tau: float, largest: float) -> list[float]:
    """For each of ``OFF``, and once more, the least singular value that is taken for τ."""
    off = abs(largest / tau - 1.0)
    return [*(tau * max(LEAST, 1.0 - share * off) for share in OFF), tau * NEARLY]


def _balanced(form: Form, residual: Float) -> Float:
    """Under a free bias, what the best one would leave: singular vectors of that keep Σ_l V_tl = 0."""
    return residual if form.lambda_b != 0.0 else tilted(form, complete(form, clipped(form, residual)))


def _shrink(tau: float, sigma: float) -> float:
    return 1.0 if sigma <= tau else tau / sigma


def _spectral_norm(matrix: Float) -> float:
    """Largest singular value, through the smaller Gram matrix: squaring costs the LARGEST one no digits."""
    largest = float(np.abs(matrix).max())
    if largest == 0.0:
        return 0.0
    unit = matrix / largest
    gram = unit @ unit.T if unit.shape[0] <= unit.shape[1] else unit.T @ unit
    return largest * float(np.sqrt(np.linalg.eigvalsh(gram)[-1]))
