"""Features in two dimensions: principal components, and t-SNE as in Figure 63."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.network_features import NetworkFeatures

PERPLEXITY = 30.0  # scikit-learn's; at most a third of the samples


@dataclass(frozen=True)
class Embedding:
    """Features of some samples in the plane.

    samples    (n,) numbers of the samples, ascending
    labels     (n, T) or (n, K), as ``TaskData.labels``
    principal  (n, 2) scores; explained (2,) their share of the variance
    tsne       (n, 2); None of fewer than 4 samples, or of features that are all equal
    """

    samples: NDArray[np.int64]
    labels: NDArray[np.int64]
    principal: NDArray[np.float64]
    explained: NDArray[np.float64]
    tsne: NDArray[np.float64] | None


def require_sklearn() -> None:
    """ModuleNotFoundError, with what to install, if scikit-learn is missing."""
    try:
        import sklearn.manifold  # noqa: F401  (an extra)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "t-SNE of features needs scikit-learn: pip install 'ufm-toolkit[networks]'", name=error.name
        ) from error


def embedding(features: NetworkFeatures, samples: int, seed: int) -> Embedding:
    """At most ``samples`` samples, drawn by the seed, which decides t-SNE too."""
    data: TaskData = features.data
    total = len(data)
    chosen = np.arange(total)
    if total > samples:
        chosen = np.sort(np.random.default_rng(seed).choice(total, samples, replace=False)).astype(np.int64)
    H = features.some(chosen)
    principal, explained = principal_components(H)
    distinct = explained.sum() > 0 and len(H) >= 4
    return Embedding(chosen, data.labels[chosen], principal, explained, _tsne(H, seed) if distinct else None)


def principal_components(H: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, 2) scores of features (n, d) along their first two principal axes, and (2,) shares of the variance.

        H − μ = U S Vᵀ,  scores U S,  shares S_i² / Σ S²

    The sign of an axis is the one that makes its entry of largest size positive. Axes that do not exist are zero.
    """
    centred = H - H.mean(axis=0)
    _, S, Vt = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(Vt[np.arange(len(Vt)), np.abs(Vt).argmax(axis=1)])
    axes = (signs[:, None] * Vt)[:2]
    scores, shares = np.zeros((len(H), 2)), np.zeros(2)
    scores[:, : len(axes)] = centred @ axes.T
    total = float(np.sum(S**2))
    if total > 0:
        shares[: len(axes)] = S[:2] ** 2 / total
    return scores, shares


def _tsne(H: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE  # an extra

    perplexity = min(PERPLEXITY, (len(H) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, method="barnes_hut")
    in_plane = np.pad(H, ((0, 0), (0, max(0, 2 - H.shape[1]))))  # it begins at two principal components
    placed: NDArray[np.float64] = tsne.fit_transform(in_plane.astype(np.float32)).astype(np.float64)
    return placed
