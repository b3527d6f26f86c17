"""The direction out of a critical point whose heads leave a dimension of R^d unused: docs/theory.md."""

from __future__ import annotations

import numpy as np

from verify.landscape.hessian import Hessian, Move
from verify.reading.form import Float


def escape_direction(hessian: Hessian) -> Float:
    """(size,) the unit vector of  dŴ = u zᵀ/√2,  dĤ = −z vᵀ/√2,  db = 0.

    u, v are the leading singular vectors of the scaled residual G, and z the unit vector of R^d that heads and features
    use least. Where they do not use it at all, Ŵ z = 0 and zᵀ Ĥ = 0, the curvature along it is exactly 1 − ‖G‖_2.
    Source: beyond the paper, docs/theory.md ("No spurious local minima").
    """
    units = hessian.unit
    z = _least_used(np.concatenate([hessian.point.W / units.W, (hessian.point.H / units.H).T]))
    G = hessian.scaled_residual
    if G.shape[0] <= G.shape[1]:
        u = np.linalg.eigh(G @ G.T)[1][:, -1]
        v = G.T @ u
    else:
        v = np.linalg.eigh(G.T @ G)[1][:, -1]
        u = G @ v
    u, v = (x / max(float(np.linalg.norm(x)), np.finfo(np.float64).tiny) for x in (u, v))
    move = Move(np.outer(u, z) * units.W, -np.outer(z, v) * units.H, np.zeros(len(u)))
    x = hessian.vector(move)
    return np.asarray(x / max(float(np.linalg.norm(x)), np.finfo(np.float64).tiny))


def _least_used(vectors: Float) -> Float:
    """(d,) the unit vector z with the least ‖vectors z‖, vectors (n, d); never a d × d matrix where d > n."""
    n, d = vectors.shape
    if d <= n:
        return np.asarray(np.linalg.eigh(vectors.T @ vectors)[1][:, 0])
    # the coordinate that the vectors' span uses least, less its part in the span
    span = np.linalg.qr(vectors.T)[0]
    least = int(np.argmin(np.einsum("ij,ij->i", span, span)))
    z: Float = -span @ span[least]
    z[least] += 1.0
    return z / np.linalg.norm(z)
