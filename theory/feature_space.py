"""One feature space and the heads that read it, in the fewest coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Heads W^t and features H with W^t h_l = margins[t, l] (e_{k_t} − 1/K_t): Problem (3), or one task of (4).

        h_l = Σ_t feature_weights[t, l] w_{k_t}^t,   (k_1, …, k_T) = labels[l]

    classes          (K_1, …, K_T)
    labels           (columns, T)
    heads            T arrays (K_t, rank)
    feature_weights  (T, columns)
    margins          (T, columns)
    gram             (R, R) W Wᵀ, R = Σ K_t, in closed form
    cosines          (R, R) in closed form, NaN where a head is zero
    """

    classes: tuple[int, ...]
    labels: NDArray[np.int64]
    heads: tuple[Float, ...]
    feature_weights: Float
    margins: Float
    gram: Float
    cosines: Float

    @property
    def rank(self) -> int:
        """Coordinates in use: the least feature dimension that holds the heads."""
        return int(self.heads[0].shape[1])

    def padded_heads(self, dim: int) -> list[Float]:
        """T arrays (K_t, dim), zero beyond the rank."""
        return [np.pad(head, ((0, 0), (0, dim - self.rank))) for head in self.heads]

    def features(self, dim: int) -> Float:
        """(dim, columns), h_l = Σ_t feature_weights[t, l] w_{k_t}^t."""
        H = np.zeros((dim, len(self.labels)))
        for head, weight, k in zip(self.heads, self.feature_weights, self.labels.T, strict=True):
            H[: self.rank] += weight * head[k].T
        return H

    def logits(self) -> Float:
        """(R, columns), block t of column l margins[t, l] (e_{k_t} − 1/K_t)."""
        columns = np.arange(len(self.labels))
        blocks = []
        for number, margin, k in zip(self.classes, self.margins, self.labels.T, strict=True):
            centred = np.full((number, len(columns)), -1.0 / number)
            centred[k, columns] = (number - 1.0) / number
            blocks.append(margin * centred)
        return np.concatenate(blocks)


def simplex(classes: int) -> Float:
    """(K, K−1) rows E with E Eᵀ = I − 11ᵀ/K: a simplex ETF whose rows have squared norm (K−1)/K (Helmert)."""
    column = np.arange(1, classes)
    E = np.triu(np.ones((classes, classes - 1)))
    E[column, column - 1] = -column
    scaled: Float = E / np.sqrt(column * (column + 1.0))
    return scaled


def simplex_gram(classes: int) -> Float:
    """(K, K) I − 11ᵀ/K."""
    return np.eye(classes) - 1.0 / classes


def simplex_cosines(classes: int) -> Float:
    """(K, K) 1 on the diagonal, −1/(K−1) off it."""
    cosines = np.full((classes, classes), -1.0 / (classes - 1))
    np.fill_diagonal(cosines, 1.0)
    return cosines


def direct_sum(blocks: list[Float], between: float) -> Float:
    """Square blocks along the diagonal, ``between`` everywhere else."""
    size = sum(len(block) for block in blocks)
    whole = np.full((size, size), between)
    start = 0
    for block in blocks:
        stop = start + len(block)
        whole[start:stop, start:stop] = block
        start = stop
    return whole
