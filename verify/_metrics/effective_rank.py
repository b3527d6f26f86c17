"""The number of dimensions that features fill."""

from __future__ import annotations

import numpy as np

from verify._metrics.measured import Undefined
from verify.reading.form import Float
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples


def effective_rank(samples: Samples) -> float:
    """exp( −Σ_i p_i log p_i ), p_i = σ_i / Σ_j σ_j, σ the singular values of the features.

    Of H (d, n), not centred, columns weighted by √ of the samples that they stand for. Between 1 and min(d, n); K − 1
    of a simplex of K classes. H Hᵀ would halve the digits of small σ: Hᵀ = Q R block by block, and σ are R's.
    Undefined where all features are zero. Source: Roy and Vetterli, EUSIPCO 2007.
    """
    H, index = samples.point.H, samples.point.index
    R: Float = np.empty((0, len(H)))
    for block in column_blocks(index, len(H)):
        weighted = H[:, block] * np.sqrt(samples.weight[block])
        R = np.asarray(np.linalg.qr(np.concatenate([R, weighted.T]), mode="r"))
    return rank_of_factor(R)


def rank_of_factor(R: Float) -> float:
    """``effective_rank`` of the features whose factor is R (r, d)."""
    sigma = np.linalg.svd(R, compute_uv=False)
    if not sigma.any():
        raise Undefined("all features are zero")
    p = sigma[sigma > 0] / sigma.sum()
    return float(np.exp(-np.sum(p * np.log(p))))
