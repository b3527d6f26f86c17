"""Mean and scatter of the features of every label tuple, in one vector: batches add to it, processes' merge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import torch
from torch import Tensor

from ufm_networks.observing.batch_labels import Int
from ufm_networks.while_training.batch_tensors import constants

LARGEST = 2**27  # numbers: 1 GB


@dataclass(frozen=True)
class Sums:
    """Views into the vector: count (G,) n_g, spread (G,) Σ‖h − μ_g‖², mean (G, d) μ_g, and of every task's labelled
    samples scatter (T, d, d) Σ (h − μ_g)(h − μ_g)ᵀ, T = 0 where it is not kept.
    """

    count: Tensor
    spread: Tensor
    mean: Tensor
    scatter: Tensor


@dataclass(frozen=True)
class Layout:
    """The layout of the sums of G = Π_t (K_t + 1) label tuples in one vector of float64.

    classes     (K_1, …, K_T); a tuple has labels 0 … K_t − 1, or −1 for none. Tuple 0 is the one without any label
    dim         d
    covariance  whether scatter is kept
    """

    classes: tuple[int, ...]
    dim: int
    covariance: bool

    @property
    def groups(self) -> int:
        """G."""
        return prod(k + 1 for k in self.classes)

    @property
    def size(self) -> int:
        """Numbers in the vector."""
        return self.groups * (self.dim + 2) + self._matrices * self.dim**2

    @property
    def _matrices(self) -> int:
        return len(self.classes) if self.covariance else 0

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """(T,) by how much the number of a tuple grows with each label."""
        return tuple(prod(k + 1 for k in self.classes[t + 1 :]) for t in range(len(self.classes)))

    @cached_property
    def tuples(self) -> Int:
        """(G, T) the label tuples, −1 for no label."""
        return np.stack(np.unravel_index(np.arange(self.groups), [k + 1 for k in self.classes]), axis=1) - 1

    def require_room(self) -> None:
        """Raises ValueError if the sums take more than 1 GB."""
        if self.size > LARGEST:
            advice = "" if self.groups * self.dim > LARGEST or not self.covariance else "covariance=False, or "
            raise ValueError(
                f"heads: sums of {self.groups:,} label tuples and {self._matrices} scatter matrices in {self.dim} "
                f"dimensions take {8 * self.size / 1e9:.2g} GB; use {advice}fewer heads at a time"
            )

    def zeros(self, device: torch.device | str) -> Tensor:
        """No sample yet."""
        return torch.zeros(self.size, dtype=torch.float64, device=device)

    def parts(self, vector: Tensor) -> Sums:
        """Views: what is written to them is written to the vector."""
        G, d, T = self.groups, self.dim, self._matrices
        count, spread, mean, scatter = vector.split([G, G, G * d, T * d * d])
        return Sums(count, spread, mean.view(G, d), scatter.view(T, d, d))

    @torch.no_grad()
    def add(self, vector: Tensor, h: Tensor, labels: Tensor) -> None:
        """Adds features (n, d) with labels (n, T), −1 for none, in float64; nothing waits for the device.

        With μ and n of before the batch and μ', n' of after it, x = h − μ and y = h − μ' of every sample,

            n' = n + Σ 1,   μ' = μ + Σ x / n',   Σ(h − μ')(h − μ')ᵀ = Σ(h − μ)(h − μ)ᵀ + Σ x yᵀ

        over the samples of a label tuple (Welford; Chan, Golub and LeVeque). Where n = 0 any μ will do, and one of the
        samples is taken: x is then as small as the spread, which loses no digits to the size of the mean.
        """
        sums, h = self.parts(vector), h.to(torch.float64)
        present = labels >= 0
        group = ((labels + 1) * constants(self.steps, labels.device)).sum(dim=1)  # CUDA has no @ of integers
        new = sums.count[group] == 0
        sums.mean.index_copy_(0, group, torch.where(new[:, None], h, sums.mean[group]))
        sums.count.index_add_(0, group, torch.ones_like(group, dtype=torch.float64))
        x = h - sums.mean[group]
        sums.mean.index_add_(0, group, x / sums.count[group][:, None])
        y = h - sums.mean[group]
        sums.spread.index_add_(0, group, (x * y).sum(dim=1))
        for t, scatter in enumerate(sums.scatter):
            scatter.addmm_((x * present[:, t, None]).T, y)

    @torch.no_grad()
    def merged(self, vectors: Tensor) -> Tensor:
        """(size,) of (P, size): sums of several processes, or of several batches, as one.

        δ = μ₂ − μ₁,   μ = μ₁ + δ n₂/n,   Σ(h − μ)(h − μ)ᵀ = Σ₁ + Σ₂ + (n₁ n₂/n) δ δᵀ
        """
        whole = vectors[0].clone()
        labelled = torch.from_numpy(self.tuples >= 0).to(vectors.device)
        into = self.parts(whole)
        for vector in vectors[1:]:
            more = self.parts(vector)
            total = (into.count + more.count).clamp(min=1)
            delta = more.mean - into.mean
            between = into.count * more.count / total
            into.mean.add_(delta * (more.count / total)[:, None])
            into.spread.add_(more.spread + between * delta.square().sum(dim=1))
            for t, scatter in enumerate(into.scatter):
                scatter.add_(more.scatter[t]).addmm_((delta * (between * labelled[:, t])[:, None]).T, delta)
            into.count.add_(more.count)
        return whole
