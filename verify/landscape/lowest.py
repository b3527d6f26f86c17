"""The smallest eigenvalue of a Hessian given by products: dense if it is small, else by Lanczos."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from verify.reading.form import Float

DENSE = 400  # variables up to which the matrix is written out
TOLERANCES = (1e-9, 1e-4)  # of the eigenpair's residual; the second where the spectrum is too crowded for the first
SUBSPACE, RESTARTS = 60, 300


class Operator(Protocol):
    """A symmetric matrix."""

    size: int

    def product(self, x: Float) -> Float:
        """Matrix times vector."""


def lowest_eigenpair(matrix: Operator, start: Float) -> tuple[float, Float]:
    """Smallest eigenvalue and its unit eigenvector; ``start`` is a guess at the latter.

    Raises RuntimeError if Lanczos does not converge.
    """
    return lowest_dense(matrix) if matrix.size <= DENSE else lowest_lanczos(matrix, start)


def lowest_dense(matrix: Operator) -> tuple[float, Float]:
    """Every product with a unit vector, and a dense eigenvalue decomposition."""
    full = np.stack([matrix.product(unit) for unit in np.eye(matrix.size)])
    values, vectors = eigh((full + full.T) / 2.0, subset_by_index=(0, 0))
    return float(values[0]), np.asarray(vectors[:, 0])


def lowest_lanczos(matrix: Operator, start: Float) -> tuple[float, Float]:
    """Implicitly restarted Lanczos on I − ∇²F, whose largest eigenvalue is 1 − the smallest.

    Its tolerance is relative to the eigenvalue: the shift by one makes it relative to the penalty's curvature, and
    attainable at a minimum, whose smallest eigenvalue is zero. The start gets a random part, since Lanczos never
    leaves an invariant subspace that it starts in.
    """

    def shifted(x: Float) -> Float:
        x = x.ravel()
        return np.asarray(x - matrix.product(x))

    operator = LinearOperator((matrix.size, matrix.size), matvec=shifted, dtype=np.float64)
    noise = np.random.default_rng(0).standard_normal(matrix.size)
    first = start / max(float(np.linalg.norm(start)), np.finfo(np.float64).tiny) + noise / np.linalg.norm(noise)
    for tolerance in TOLERANCES:
        try:
            values, vectors = eigsh(
                operator, k=1, which="LA", v0=first, tol=tolerance, maxiter=RESTARTS, ncv=min(SUBSPACE, matrix.size - 1)
            )
        except ArpackNoConvergence:
            continue
        return 1.0 - float(values[0]), np.asarray(vectors[:, 0])
    raise RuntimeError(
        f"Lanczos found no smallest eigenvalue of {matrix.size:,} variables in {RESTARTS} restarts; the point is far "
        "from stationary, or the λ's are many orders of magnitude apart"
    )
