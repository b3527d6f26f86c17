"""NRC1 and NRC2: whether features lie in the span of few directions, the principal components or the heads' rows."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import ZERO
from verify._metrics.property import Property
from verify.reading.form import Float
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples

SOURCE = "Andriopoulos et al. 2024"


def _outside(H: Float, basis: Float) -> Float:
    """(n,) ‖h − proj(h | basis)‖ of the columns of H (d, n), for an orthonormal basis (d, k)."""
    return np.asarray(np.linalg.norm(H - basis @ (basis.T @ H), axis=0))


PRINCIPAL = Property(
    name="features in the span of their n principal components",
    statement="h = proj(h | H_PCA), H_PCA the n principal components of the features, n the number of outputs",
    source=f"{SOURCE}, NRC1",
    codes=("NRC1",),
    deviations=_outside,
)
ROW_SPACE = Property(
    name="features in the row space of the heads",
    statement="h = proj(h | Wᵀ)",
    source=f"{SOURCE}, NRC2",
    codes=("NRC2",),
    deviations=_outside,
)


def principal_components(samples: Samples) -> Float:
    """(d, ≤ n) directions along which the samples vary most, about their mean μ_G; n = R outputs of all tasks.

    Right singular vectors of the rows √(n_l / (m_l N)) (h − μ_G)ᵀ, from the triangular factor of blocks of them: the
    covariance matrix would keep half of the digits. Fewer than n where features vary along fewer.
    """
    point = samples.point
    R: Float = np.zeros((0, len(point.H)))
    for block in column_blocks(point.index, len(point.H)):
        rows = ((point.H[:, block] - samples.centre[:, None]) * np.sqrt(samples.weight[block])).T
        R = np.asarray(np.linalg.qr(np.concatenate([R, rows]), mode="r"))
    _, singular, directions = np.linalg.svd(R, full_matrices=False)
    size = float(np.linalg.norm(samples.means, axis=0).max())
    return np.asarray(directions[: len(point.W)][singular[: len(point.W)] > ZERO * size].T)


def row_space(W: Float) -> Float:
    """(d, rank) orthonormal basis of the rows of W (R, d)."""
    _, singular, directions = np.linalg.svd(W, full_matrices=False)
    return np.asarray(directions[singular > ZERO * singular[0]].T)


def principal_distance(samples: Samples) -> float:
    """Ave ‖h̃ − proj(h̃ | H_PCA)‖² over samples, h̃ = h/‖h‖, H_PCA as ``principal_components`` (NRC1).

    As in the paper h̃ is not centred, and as in its authors' code the principal components are. NaN for a zero feature.
    """
    return _average(samples, PRINCIPAL, principal_components(samples))


def row_space_distance(samples: Samples) -> float:
    """Ave ‖h̃ − proj(h̃ | Wᵀ)‖² over samples, h̃ = h/‖h‖, onto the rows of the stacked heads (NRC2).

    NaN for a zero feature.
    """
    return _average(samples, ROW_SPACE, row_space(samples.point.W))


def _average(samples: Samples, told: Property, basis: Float) -> float:
    point, total = samples.point, 0.0
    size = float(np.linalg.norm(point.H, axis=0).max())
    for block in column_blocks(point.index, len(point.H)):
        H = point.H[:, block]
        norms = np.linalg.norm(H, axis=0)
        sines = told.deviations(H, basis) / np.where(norms > ZERO * size, norms, np.nan)
        total += float(np.sum(samples.weight[block] * sines**2))
    return total
