"""Mean and spread of the features of every label, from batches and without keeping a feature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class FeatureMoments:
    """n_g, μ_g = mean of h and S_g = Σ ‖h − μ_g‖² over the samples of each of G groups, in float64.

    A batch with n', μ', S' of its own is merged as (Chan, Golub & LeVeque)

        δ = μ' − μ,   μ ← μ + δ n' / (n + n'),   S ← S + S' + ‖δ‖² n n' / (n + n')

    Sums of squares never meet the square of a mean, so that a spread of 1/1000 of the mean loses no digits to it.

    count (G,), mean (G, d), spread (G,) S_g; largest, the largest ‖h‖
    """

    def __init__(self, groups: int, dim: int, device: torch.device | str = "cpu") -> None:
        self.count = torch.zeros(groups, dtype=torch.float64, device=device)
        self.mean = torch.zeros(groups, dim, dtype=torch.float64, device=device)
        self.spread = torch.zeros_like(self.count)
        self.largest = torch.zeros((), dtype=torch.float64, device=device)

    def grow(self, groups: int) -> None:
        """Room for ``groups`` in all; those that are there keep their numbers."""
        more = groups - len(self.count)
        if more > 0:
            self.count, self.spread = (torch.cat([of, of.new_zeros(more)]) for of in (self.count, self.spread))
            self.mean = torch.cat([self.mean, self.mean.new_zeros(more, self.mean.shape[1])])

    def ordered(self, groups: NDArray[np.int64]) -> FeatureMoments:
        """These groups, in this order."""
        place = torch.from_numpy(groups).to(self.mean.device)
        other = FeatureMoments(0, self.mean.shape[1], self.mean.device)
        other.count, other.mean, other.spread = self.count[place], self.mean[place], self.spread[place]
        other.largest = self.largest
        return other

    @torch.no_grad()
    def add(self, features: Tensor, groups: NDArray[np.int64]) -> None:
        """Features (n, d) of any floating type, with the group of each (n,)."""
        if not len(groups):
            return
        h = features.to(self.mean.dtype)
        present, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
        place = torch.from_numpy(inverse.reshape(-1)).to(h.device)
        count = torch.from_numpy(counts).to(self.count)
        mean = h.new_zeros(len(present), h.shape[1]).index_add_(0, place, h) / count[:, None]
        squares = (h - mean[place]).square().sum(dim=1)
        spread = h.new_zeros(len(present)).index_add_(0, place, squares)
        self._merge(torch.from_numpy(present).to(h.device), count, mean, spread)
        self.largest = torch.maximum(self.largest, torch.linalg.vector_norm(h, dim=1).max())

    def merge(self, others: Sequence[FeatureMoments]) -> None:
        """Adds what others have seen of the same groups."""
        for other in others:
            present = torch.nonzero(other.count)[:, 0]
            self._merge(present, other.count[present], other.mean[present], other.spread[present])
            self.largest = torch.maximum(self.largest, other.largest)

    def _merge(self, groups: Tensor, count: Tensor, mean: Tensor, spread: Tensor) -> None:
        before = self.count[groups]
        total = before + count
        delta = mean - self.mean[groups]
        self.mean[groups] += delta * (count / total)[:, None]
        self.spread[groups] += spread + delta.square().sum(dim=1) * before * count / total
        self.count[groups] = total
