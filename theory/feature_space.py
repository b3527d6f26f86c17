"""One feature space and its heads, in the fewest coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def float_array(name: str, value: Any) -> Float:
    """Numbers as a float64 array; raises TypeError naming the argument for anything else, ValueError beyond float64."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number or an array of numbers, got {value!r}") from None
    except OverflowError:
        raise ValueError(f"{name} has an integer beyond float64; give a number below 1.8e308") from None


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Heads W^t and features H that share one space: Problem (3), or one task of (4).

    heads            T arrays (K_t, rank)
    make_features    () → (rank, columns) H = W⁺ Z, which every critical point has
    make_logits      () → (R, columns) Z = W H, R = Σ K_t; both are computed on demand, being as large as the problem
    feature_weights  (T, columns) g with h_l = Σ_t g[t, l] w_{k_t}^t, the sum over the label's own heads (of several
                     labels at once: over all of them); None if features are not such sums
    gram             (R, R) W Wᵀ in closed form
    cosines          (R, R) in closed form, NaN where a head is zero
    """

    heads: tuple[Float, ...]
    make_features: Callable[[], Float]
    make_logits: Callable[[], Float]
    feature_weights: Float | None
    gram: Float
    cosines: Float

    @property
    def rank(self) -> int:
        """Coordinates in use: the least feature dimension that holds the heads."""
        return int(self.heads[0].shape[1])

    def padded_heads(self, dim: int) -> list[Float]:
        """T arrays (K_t, dim), zero beyond the rank."""
        return [np.pad(head, ((0, 0), (0, dim - self.rank))) for head in self.heads]

    def padded_features(self, dim: int) -> Float:
        """(dim, columns), zero beyond the rank."""
        return np.pad(self.make_features(), ((0, dim - self.rank), (0, 0)))


def summed_heads(
    labels: NDArray[np.int64],
    heads: tuple[Float, ...],
    feature_weights: Float,
    margins: Float,
    gram: Float,
    cosines: Float,
) -> FeatureSpace:
    """The space whose features are weighted sums of their own heads, and whose logits are margins × centred labels.

        h_l = Σ_t feature_weights[t, l] w_{k_t}^t,   z_l^t = margins[t, l] (e_{k_t} − 1/K_t)

    labels (columns, T) rows (k_1, …, k_T); heads T arrays (K_t, rank); feature_weights and margins (T, columns).
    """

    def features() -> Float:
        H = np.zeros((heads[0].shape[1], len(labels)))
        for head, weight, k in zip(heads, feature_weights, labels.T, strict=True):
            H += weight * head[k].T
        return H

    def logits() -> Float:
        pairs = zip(heads, margins, labels.T, strict=True)
        return np.concatenate([margin * centred_labels(len(head), k) for head, margin, k in pairs])

    return FeatureSpace(heads, features, logits, feature_weights, gram, cosines)


def centred_labels(classes: int, k: NDArray[np.int64]) -> Float:
    """(K, columns) e_k − 1/K for the class k (columns,) of each column."""
    centred = np.full((classes, len(k)), -1.0 / classes)
    centred[k, np.arange(len(k))] = (classes - 1.0) / classes
    return centred


def simplex(classes: int) -> Float:
    """(K, K−1) rows E with E Eᵀ = I − 11ᵀ/K: a simplex ETF whose rows have squared norm (K−1)/K (Helmert)."""
    column = np.arange(1, classes)
    E = np.less(np.arange(classes)[:, None], column).astype(np.float64)
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
