"""Metrics of multi-label collapse along a run, from the means of the label sets.

    NC3     Ave_k ‖μ̃_k − w̃_k‖², μ_k of multiplicity 1, centred by the mean of those samples
    NC_m    Ave_m [ Ave_S ∠(μ_S, Σ_{k∈S} μ_k) / Ave_{S, S'} ∠(μ_S, Σ_{k∈S'} μ_k) ], |S| = |S'| = m ≥ 2

S runs over the label sets that occur and S' over all of its size, of classes that have samples of multiplicity 1. NaN
where undefined: no such samples, no two S' of one size, a zero vector; beyond 10^7 pairs a multiplicity is left out.
Source: Li et al., "Neural Collapse in Multi-label Learning with Pick-all-label Loss" (ICML 2024).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_PAIRS = 10**7  # a tenth of a second per entry of the history
ZERO = 1e-12  # of the largest: a shorter vector has no direction


@dataclass(frozen=True)
class Size:
    """Label sets of one multiplicity: rows of the means, their members (n, m), and all of that size (sets, m)."""

    rows: Tensor
    members: Tensor
    sets: Tensor


class TagSums:
    """Measures means (columns, d) of label sets; ``tags`` (columns, K) is nonzero at their members."""

    def __init__(self, tags: Tensor, counts: Tensor) -> None:
        member = tags != 0
        size = member.sum(dim=1)
        self.single = torch.nonzero(size == 1)[:, 0]
        self.classes = member[self.single].int().argmax(dim=1)
        self.share = counts[self.single] / counts[self.single].sum()
        known = set(self.classes.tolist())
        self.sizes: list[Size] = []
        for m in sorted(set(size[size > 1].tolist())):
            rows = [i for i in torch.nonzero(size == m)[:, 0].tolist() if known.issuperset(_members(member[i]))]
            number = math.comb(len(known), m)
            if rows and number > 1 and number * max(m, len(rows)) <= MOST_PAIRS:
                members = torch.tensor([_members(member[i]) for i in rows], device=tags.device)
                sets = torch.tensor(list(itertools.combinations(sorted(known), m)), device=tags.device)
                self.sizes.append(Size(torch.tensor(rows, device=tags.device), members, sets))

    def self_duality(self, means: Tensor, W: Tensor) -> float:
        """NC3."""
        if not len(self.single):
            return math.nan
        own = means[self.single]
        directions = unit(own - self.share @ own, means)
        return float((directions - unit(W[self.classes], W)).square().sum(dim=1).mean())

    def angle(self, means: Tensor, classes: int) -> float:
        """NC_m."""
        singles = means.new_full((classes, means.shape[1]), math.nan)
        singles[self.classes] = means[self.single]
        ratios = []
        for size in self.sizes:
            directions = unit(means[size.rows], means)
            own = unit(_sums(singles, size.members), means)
            angles = 2.0 * torch.atan2((directions - own).norm(dim=1), (directions + own).norm(dim=1))
            every = torch.arccos((directions @ unit(_sums(singles, size.sets), means).T).clamp(-1.0, 1.0))
            ratios.append(float(angles.mean() / every.mean()))
        return sum(ratios) / len(ratios) if ratios else math.nan


def _members(row: Tensor) -> list[int]:
    return torch.nonzero(row)[:, 0].tolist()


def _sums(singles: Tensor, sets: Tensor) -> Tensor:
    """(n, d) Σ_{k∈S} μ_k, one member at a time."""
    total = singles[sets[:, 0]]
    for members in sets.T[1:]:
        total += singles[members]
    return total


def unit(rows: Tensor, beside: Tensor) -> Tensor:
    """Rows over their norms; NaN for a row that is zero beside the largest of ``beside``."""
    norms = rows.norm(dim=1, keepdim=True)
    return rows / torch.where(norms > ZERO * beside.norm(dim=1).max(), norms, torch.nan)
