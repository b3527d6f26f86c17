"""Products of small matrices, one for each problem, whose entries are vectors over the problems.

Matrices are (rows, columns, B) with the B problems last: then every operation runs along vectors, however small the
matrices are, and does the same to each problem wherever it stands in the batch.
"""

from __future__ import annotations

from torch import Tensor


def add_product(out: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """out (R, m, B) + left (R, d, B) right (d, m, B), in place."""
    for k in range(len(right)):
        out.addcmul_(left[:, k, None], right[k])
    return out


def product(left: Tensor, right: Tensor) -> Tensor:
    """(R, m, B) left (R, d, B) right (d, m, B)."""
    out = left[:, 0, None] * right[0]
    for k in range(1, len(right)):
        out.addcmul_(left[:, k, None], right[k])
    return out


def add_outer(out: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """out (R, d, B) + left (R, m, B) rightᵀ, right (d, m, B), in place."""
    for column in range(left.shape[1]):
        out.addcmul_(left[:, column, None], right[:, column])
    return out


def add_inner(out: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """out (d, m, B) + leftᵀ right, left (R, d, B), right (R, m, B), in place."""
    for row in range(len(left)):
        out.addcmul_(left[row, :, None], right[row])
    return out


def dot(a: Tensor, b: Tensor) -> Tensor:
    """(B,) inner products."""
    return (a * b).sum(0)


def norm(a: Tensor) -> Tensor:
    """(B,) Euclidean norms."""
    return dot(a, a).sqrt()
