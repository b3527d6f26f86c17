"""F along a line, exactly: the logits are quadratic in the step.

    (W + t D_W)(h + t D_h) + b + t D_b = A + t B + t² C
    A = W h + b,      B = W D_h + D_W h + D_b,      C = D_W D_h

so after one pass over the features every trial step costs N × R work, and no learning rate is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point, dot_parts

TRIAL = 1 << 16  # elements of (R, n) per chunk on a CPU


class Line:
    """φ(t) = F(x + t D).

    margins (R, N) at t = 0, as ``Objective.evaluate`` leaves them; first, second (R, N) hold B and 2C as margins:
    the logits' first derivative at t = 0 and their second.
    """

    def __init__(self, objective: Objective, margins: Tensor) -> None:
        self.objective, self.margins = objective, margins
        self.first, self.second = torch.empty_like(margins), torch.empty_like(margins)
        rows = len(margins)
        on_cpu = margins.device.type == "cpu"
        self.trial_samples = max(1, TRIAL // rows) if on_cpu else objective.chunk_rows
        self.penalty: tuple[float, ...] = (0.0, 0.0, 0.0)

    def aim(self, point: Point, direction: Point) -> None:
        """Fills B, C and the penalty ½ (⟨x, x⟩ + 2t ⟨x, D⟩ + t² ⟨D, D⟩), inner products weighted by ρ."""
        objective, rank = self.objective, len(self.margins)
        heads, change = objective.heads(point), objective.heads(direction)
        both = torch.cat([heads.W, change.W])
        for rows in objective.slices():
            column = objective.samples.column[rows]
            product = both @ direction.features[rows].T
            first = torch.addmm(product[:rank], change.W, point.features[rows].T)
            first = objective.scale_samples(first, column).add_(change.b[:, None])
            second = objective.scale_samples(product[rank:].mul_(2.0), column)
            self.first[:, rows] = objective.margins(first, column)
            self.second[:, rows] = objective.margins(second, column)
        pairs = ((point, point), (point, direction), (direction, direction))
        inner = torch.stack([self._inner(*pair) for pair in pairs])
        objective.samples.ranks.add(inner)
        self.penalty = tuple(inner.tolist())

    def slope(self, t: float) -> tuple[float, float]:
        """φ'(t), φ''(t)."""
        total = torch.zeros(2, dtype=torch.float64, device=self.margins.device)
        for rows, column, margin in self._trial(t):
            first = torch.add(self.first[:, rows], self.second[:, rows], alpha=t)
            blocks = self.objective.blocks(margin, column)
            for group, (m, target, mass, _) in zip(self.objective.samples.groups, blocks, strict=True):
                second = group.blocks(self.second[:, rows])
                total += torch.stack(group.loss.along(m, group.blocks(first), second, target, mass))
        self.objective.samples.ranks.add(total)
        slope, curvature = total.tolist()
        _, xd, dd = self.penalty
        return slope + xd + t * dd, curvature + dd

    def value(self, t: float) -> float:
        """φ(t)."""
        losses = [self.objective.loss(margin, column) for _, column, margin in self._trial(t)]
        total = torch.stack(losses).sum() if losses else self.margins.new_zeros((), dtype=torch.float64)
        self.objective.samples.ranks.add(total)
        xx, xd, dd = self.penalty
        return float(total) + 0.5 * (xx + 2.0 * t * xd + t * t * dd)

    def _trial(self, t: float) -> Iterator[tuple[slice, Tensor, Tensor]]:
        for start in range(0, self.margins.shape[1], self.trial_samples):
            rows = slice(start, start + self.trial_samples)
            margin = torch.add(self.margins[:, rows], self.first[:, rows], alpha=t)
            margin.add_(self.second[:, rows], alpha=0.5 * t * t)
            yield rows, self.objective.samples.column[rows], margin

    def _inner(self, x: Point, y: Point) -> Tensor:
        """This process' part of Σ ρ x y in balanced units, where ρ is 1 except for the bias."""
        rank, own = len(x.bias), self.objective.own
        product = dot_parts(own(x.vector[:-rank]), own(y.vector[:-rank]))
        if not self.objective.samples.ranks.first:
            return product
        return product + (self.objective.units.penalty.b * x.bias * y.bias).sum(dtype=torch.float64)
