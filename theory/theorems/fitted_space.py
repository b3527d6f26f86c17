"""Heads, features and logits of squared error: the weighted targets with shrunk singular values.

With the modes' bases U (R, rank), what is left r of their singular values, and ρ = √(λ_H/λ_W)

    W = √ρ diag(1/√c) U diag(√r),     W Wᵀ = ρ diag(1/√c) U diag(r) Uᵀ diag(1/√c)
    Z = diag(1/√c) U diag(α/s) Uᵀ diag(√c) (Y − ȳ1ᵀ) + (β/σ) ȳ 1ᵀ,     H = W⁺ Z

so the logits are a linear function of the targets. ȳ is zero without bias, β with a free one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.feature_space import FeatureSpace, Float
from theory.margins.modes import Shrunk
from theory.margins.target_columns import root_weights, target_columns
from theory.reading import SumProblem

ROUNDING = 256 * float(np.finfo(np.float64).eps)  # of the longest head: a shorter one is zero where U has rounding


def fitted_space(fit: Fit, feature_weights: Float | None, *, exact: bool) -> FeatureSpace:
    """The minimizer; ``exact`` where the zeros of U are."""
    heads = np.split(fit.heads, np.cumsum(fit.problem.classes)[:-1])
    gram = fit.heads @ fit.heads.T
    everything = slice(None)
    return FeatureSpace(
        heads=tuple(heads),
        make_features=lambda: fit.features(everything),
        make_logits=lambda: fit.logits(everything),
        feature_weights=feature_weights,
        gram=gram,
        cosines=_cosines(gram, 0.0 if exact else ROUNDING),
    )


class Fit:
    """The linear map from targets to logits, in the modes that are not zero; ``mean`` is ȳ."""

    def __init__(self, problem: SumProblem, parts: Sequence[Shrunk], mean: Float) -> None:
        self.problem, self.mean = problem, mean
        alive = [part for part in parts if part.size > 0]
        repeats = [part.mode.basis.shape[1] for part in alive]
        R = sum(problem.classes)
        self.basis = np.concatenate([np.zeros((R, 0)), *(part.mode.basis for part in alive)], axis=1)
        size, self.spread = (np.repeat([getattr(part, x) for part in alive], repeats) for x in ("size", "spread"))
        level = np.repeat([part.level for part in alive], repeats)
        self.root_c = root_weights(problem)[:, None]
        self.lengths = np.sqrt(problem.balance() * size)
        self.heads = self.basis * self.lengths / self.root_c
        self.own = level * (self.basis.T @ (self.root_c[:, 0] * mean))  # (rank,) the mean's coordinates

    def _coordinates(self, chosen: slice) -> Float:
        """(rank, columns) Uᵀ diag(√c) Z."""
        deviation = target_columns(self.problem, chosen) - self.mean[:, None]
        deviation *= self.root_c
        return np.asarray(self.spread[:, None] * (self.basis.T @ deviation) + self.own[:, None])

    def logits(self, chosen: slice) -> Float:
        """(R, columns)."""
        return np.asarray(self.basis @ self._coordinates(chosen) / self.root_c)

    def features(self, chosen: slice) -> Float:
        """(rank, columns) W⁺ Z, in the coordinates of ``heads``."""
        return np.asarray(self._coordinates(chosen) / self.lengths[:, None])


def _cosines(gram: Float, rounding: float) -> Float:
    norms = np.sqrt(np.diagonal(gram))
    norms = np.where(norms > rounding * norms.max(initial=0.0), norms, np.nan)
    cosines = gram / norms[:, None] / norms
    np.fill_diagonal(cosines, np.where(np.isnan(norms), np.nan, 1.0))
    return np.asarray(cosines)
