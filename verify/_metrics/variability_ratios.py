"""Within-class against between-class variability, free of scale: NC1 with a pseudo-inverse, ratio of traces, CDNV.

    Σ_W = Ave (h − μ_k)(h − μ_k)ᵀ,    Σ_B = Σ_k p_k (μ_k − μ_G)(μ_k − μ_G)ᵀ,

p_k the fraction of samples of class k, so that Σ_W + Σ_B is the covariance of the features. For balanced classes p_k is
1/K, and Σ_W and Σ_B are those of Papyan, Han and Donoho (PNAS 2020).
"""

from __future__ import annotations

import numpy as np

from verify._metrics.class_statistics import TaskClasses
from verify._metrics.measured import Undefined
from verify.reading.form import Float

EQUAL_MEANS = "class means are equal to rounding, so there is no variability between classes"


def pinv_variability(task: TaskClasses) -> float:
    """tr(Σ_W Σ_B⁺) / K' over the K' classes with samples (NC1 of Papyan, Han and Donoho, PNAS 2020; Zhu et al.,
    NeurIPS 2021).

    With B = [√p_k (μ_k − μ_G)] (d, K') = U S Vᵀ, Σ_B⁺ = U S⁻² Uᵀ, hence tr(Σ_W Σ_B⁺) = Ave ‖S⁻¹ Uᵀ (h − μ_k)‖²: nothing
    is (d, d), and the condition number of B is not squared, as it is in Bᵀ B. B = Q R first, so that the decomposition
    is of the (K', K') factor.

    Rank. B (√p_k)_k = 0, so that at most K' − 1 singular values are nonzero: one is dropped. So are those up to
    ``task.cutoff``, which rounding may have made of zeros. Undefined where none is left. A σ that is kept is known to a
    relative error of the cutoff over σ.
    """
    return float(task.within(task.means, whitening(task)) @ task.shares) / len(task.shares)


def whitening(task: TaskClasses) -> Float:
    """(r, d) S⁻¹ Uᵀ of ``pinv_variability``, so that tr(Σ_W Σ_B⁺) = Ave ‖S⁻¹ Uᵀ (h − μ_k)‖²."""
    task.require_two()
    B = task.centred * np.sqrt(task.shares)
    Q, R = np.linalg.qr(B)
    U, S, _ = np.linalg.svd(R)
    kept = task.cutoff < S
    kept[B.shape[1] - 1 :] = False
    if not kept.any():
        raise Undefined(EQUAL_MEANS)
    return np.asarray((Q @ U[:, : len(S)][:, kept]).T / S[kept, None])


def trace_ratio(task: TaskClasses) -> float:
    """tr Σ_W / tr Σ_B = Ave ‖h − μ_k‖² / Σ_k p_k ‖μ_k − μ_G‖², SNC1 free of scale (cf. Tirer and Bruna, ICML 2022)."""
    task.require_two()
    between = float(np.square(task.centred).sum(axis=0) @ task.shares)
    if np.sqrt(between) <= task.cutoff:
        raise Undefined(EQUAL_MEANS)
    return float(task.spreads @ task.shares) / between


def distance_normalized_variance(task: TaskClasses) -> float:
    """Ave_{k≠l} (σ_k² + σ_l²) / (2 ‖μ_k − μ_l‖²), σ_k² = Ave ‖h − μ_k‖² (CDNV).

    Over pairs of classes with samples, all alike. Undefined where two means are equal to rounding: then it is infinite.
    Source: Galanti, György and Hutter, ICLR 2022.
    """
    task.require_two()
    total, pairs = 0.0, 0
    near = [task.negligible / np.sqrt(p) for p in task.shares]
    for k in range(len(task.shares) - 1):
        apart = np.linalg.norm(task.means[:, k + 1 :] - task.means[:, k, None], axis=0)
        if (apart <= np.array(near[k + 1 :]) + near[k]).any():
            raise Undefined("two class means are equal to rounding, so that their normalized variance is infinite")
        total += float(np.sum((task.spreads[k + 1 :] + task.spreads[k]) / (2 * apart**2)))
        pairs += len(apart)
    return total / pairs
