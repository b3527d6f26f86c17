"""NRC3: whether the heads' Gram matrix is the root of the targets' covariance less a multiple of the identity."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import ZERO
from verify._metrics.measured import Undefined
from verify._metrics.property import Property
from verify._metrics.regression_features import SOURCE
from verify.reading.form import Float, Form
from verify.reading.samples import Samples


def _deviations(gram: Float, root: Float) -> Float:
    """(R, R) |W Wᵀ/‖W Wᵀ‖_F − A/‖A‖_F|, A = Σ^{1/2} − γ^{1/2} I with the γ of ``best_shift``; Σ^{1/2} is the root."""
    shifted = root - best_shift(gram, root) * np.eye(len(root))
    return np.asarray(np.abs(gram / np.linalg.norm(gram) - shifted / np.linalg.norm(shifted)))


ROOT_COVARIANCE = Property(
    name="Gram matrix of the heads along Σ^{1/2} − γ^{1/2} I",
    statement="W Wᵀ ∝ Σ^{1/2} − γ^{1/2} I for a γ below the least eigenvalue of the targets' covariance Σ",
    source=f"{SOURCE}, NRC3",
    codes=("NRC3",),
    deviations=_deviations,
)


def best_shift(gram: Float, root: Float) -> float:
    """γ^{1/2} in [0, λ_min^{1/2}] at which A = Σ^{1/2} − γ^{1/2} I is nearest in direction to G = W Wᵀ.

    Over x = tr A / R, with the parts G₀, S₀ of G and Σ^{1/2} that have no trace, the cosine of the two

        (⟨G₀, S₀⟩ + x tr G) / √(‖S₀‖² + R x²)

    has one stationary point, its maximum x = (tr G / R) ‖S₀‖² / ⟨G₀, S₀⟩ if ⟨G₀, S₀⟩ > 0; else it rises with x.
    """
    R = len(root)
    mean, least = float(np.trace(root)) / R, float(np.linalg.eigvalsh(root)[0])
    own = root - mean * np.eye(R)
    along, square = float(np.sum(gram * own)), float(np.sum(own**2))
    if along <= 0:
        return 0.0
    x = float(np.trace(gram)) / R * square / along
    return mean - min(max(x, mean - least), mean)


def root_covariance(form: Form) -> Float:
    """(R, R) Σ^{1/2} of the targets' covariance Σ = N⁻¹ Σ_l n_l (y_l − ȳ)(y_l − ȳ)ᵀ, task t's rows times √c^t.

    Undefined where Σ is singular to rounding, which leaves no γ between 0 and its least eigenvalue.
    """
    fraction = form.counts / form.counts.sum()
    mean = form.targets @ fraction
    rows = np.sqrt(form.rows_c)[:, None] * (form.targets - mean[:, None]) * np.sqrt(fraction)
    U, singular, _ = np.linalg.svd(rows, full_matrices=False)
    size = float(np.abs(np.sqrt(form.rows_c)[:, None] * form.targets).max())
    if len(singular) < len(rows) or singular[-1] <= ZERO * size:
        raise Undefined("the covariance of the targets is singular")
    return np.asarray((U * singular) @ U.T)


def root_covariance_distance(samples: Samples) -> float:
    """‖G/‖G‖_F − (Σ^{1/2} − γ^{1/2} I)/‖Σ^{1/2} − γ^{1/2} I‖_F‖_F², G = W Wᵀ, at the best γ in [0, λ_min(Σ)] (NRC3).

    Of several tasks W is diag(√c) W and Σ that of the targets times √c, stacked: what a minimum has; for one task or
    equal weights this is the paper's. 0 for a single output, whatever W. NaN where every head is zero.
    """
    W = np.sqrt(samples.form.rows_c)[:, None] * samples.point.W
    root = root_covariance(samples.form)
    if not W.any():
        raise Undefined("every head is zero")
    return float(np.sum(ROOT_COVARIANCE.deviations(W @ W.T, root) ** 2))
