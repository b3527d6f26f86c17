"""F and its gradient over N samples, a chunk of rows at a time: no N × R graph is ever kept.

With logits u_i = W h_i + b and residual g_i = ∇ℓ(u_i), loss weights included,

    ∂F/∂h_i = Wᵀ g_i + ρ_i h_i,      ∂F/∂W = Σ_i g_i h_iᵀ + ρ_W W,      ∂F/∂b = Σ_i g_i + ρ_b b

so a chunk of features is read once, while in cache, for its logits, its residual and all three gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.point import Point, dot_parts
from ufm.solvers.gradient.samples import Samples
from ufm.solvers.gradient.units import Units

CPU_CHUNK = 1 << 21  # bytes of features and logits per chunk: they and the optimizer's state stay in cache
CUDA_CHUNK = 1 << 28  # bytes: kernels so large that launching them costs nothing


class Heads(NamedTuple):
    """W (R, d), times H's unit where that is one number, and b (R,); the sums over samples their gradients need."""

    W: Tensor
    b: Tensor
    W_sum: Tensor
    b_sum: Tensor


class Chunk(NamedTuple):
    """Samples ``rows``: their columns (n,), features (n, d), a view, logits (R, n), residual (R, n) ∂F/∂(Ŵ ĥ)."""

    rows: slice
    column: Tensor
    features: Tensor
    logits: Tensor
    residual: Tensor


class Objective:
    """F of the samples in the given units at feature dimension d."""

    def __init__(self, samples: Samples, units: Units, dim: int) -> None:
        self.samples, self.units, self.dim = samples, units, dim
        self.device, self.dtype = samples.target.device, samples.target.dtype
        self.chunk_rows = chunk_rows(samples.count, samples.rows, dim, samples.target.element_size(), self.device)
        self.scratch = torch.empty(self.chunk_rows, dim, device=self.device, dtype=self.dtype)

    def slices(self) -> Iterator[slice]:
        """The chunks' rows."""
        for start in range(0, self.samples.count, self.chunk_rows):
            yield slice(start, min(start + self.chunk_rows, self.samples.count))

    def heads(self, point: Point) -> Heads:
        """W and b of the point, sums at zero."""
        W, b = point.heads * self.units.scale.W, point.bias * self.units.scale.b
        if isinstance(self.units.scale.H, float):
            W.mul_(self.units.scale.H)
        return Heads(W, b, torch.zeros_like(W), torch.zeros_like(b))

    def scale_samples(self, rows: Tensor, column: Tensor) -> Tensor:
        """(R, n) times the samples' H unit, in place, where that is not already inside ``Heads.W``."""
        scale = self.units.scale.of_samples(column)
        return rows if isinstance(scale, float) else rows.mul_(scale.T)

    def logits(self, features: Tensor, heads: Heads, column: Tensor) -> Tensor:
        """(R, n) W h + b."""
        if isinstance(self.units.scale.H, float):
            return torch.addmm(heads.b[:, None], heads.W, features.T)
        return self.scale_samples(heads.W @ features.T, column).add_(heads.b[:, None])

    def blocks(self, rows: Tensor, column: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """(R, n) as (tasks, K, n) per group of tasks, with the target, mass and anchor that losses take."""
        target = self.samples.target.index_select(1, column)
        mass = self.samples.mass.index_select(1, column).unsqueeze(1)
        for group in self.samples.groups:
            anchor = group.anchor.index_select(2, column)
            yield group.blocks(rows), group.blocks(target), mass.narrow(0, group.first_task, group.tasks), anchor

    def margins(self, logits: Tensor, column: Tensor) -> Tensor:
        """(R, n) margins of every block."""
        anchors = [group.anchor.index_select(2, column) for group in self.samples.groups]
        groups = zip(self.samples.groups, anchors, strict=True)
        return _join([group.loss.margins(group.blocks(logits), anchor) for group, anchor in groups])

    def residual(self, logits: Tensor, column: Tensor) -> Tensor:
        """(R, n) ∂F/∂u."""
        groups = zip(self.samples.groups, self.blocks(logits, column), strict=True)
        return _join([group.loss.residual(*block) for group, block in groups])

    def loss(self, margins: Tensor, column: Tensor) -> Tensor:
        """Sum of the chunk's weighted losses, a float64 scalar on the device."""
        groups = zip(self.samples.groups, self.blocks(margins, column), strict=True)
        return torch.stack([group.loss.loss(*block) for group, block in groups]).sum()

    def sweep(self, point: Point, heads: Heads) -> Iterator[Chunk]:
        """Chunks with their residuals; ``heads`` has their sums before each is yielded.

        The caller may overwrite the chunk's features: no later chunk reads them.
        """
        for rows in self.slices():
            column, features = self.samples.column[rows], point.features[rows]
            logits = self.logits(features, heads, column)
            residual = self.residual(logits, column)
            heads.b_sum.add_(residual.sum(dim=1))
            self.scale_samples(residual, column)
            heads.W_sum.addmm_(residual, features)
            yield Chunk(rows, column, features, logits, residual)

    def feature_gradient(self, chunk: Chunk, heads: Heads) -> Tensor:
        """(n, d) ∂F/∂ĥ_i of a chunk, in a buffer that the next call overwrites."""
        gradient = torch.mm(chunk.residual.T, heads.W, out=self.scratch[: len(chunk.features)])
        return self.add_penalty(gradient, chunk)

    def add_penalty(self, gradient: Tensor, chunk: Chunk) -> Tensor:
        """(n, d) plus ρ_i ĥ_i, in place."""
        penalty = self.units.penalty.of_samples(chunk.column)
        if isinstance(penalty, float):
            return gradient.add_(chunk.features, alpha=penalty)
        return gradient.addcmul_(chunk.features, penalty)

    def head_gradients(self, point: Point, heads: Heads) -> tuple[Tensor, Tensor]:
        """∂F/∂Ŵ (R, d) and ∂F/∂b̂ (R,) once every chunk has passed, in every process: the only sums of R d numbers."""
        self.samples.ranks.add(heads.W_sum, heads.b_sum)
        scale, penalty = self.units.scale, self.units.penalty
        W = heads.W_sum * (scale.W * scale.H if isinstance(scale.H, float) else scale.W)
        return W.addcmul_(penalty.W, point.heads), (heads.b_sum * scale.b).addcmul_(penalty.b, point.bias)

    def evaluate(self, point: Point, gradient: Point | None = None, margins: Tensor | None = None) -> Evaluation:
        """F and the norm of its gradient; the gradient itself and the margins (R, N) are written on request."""
        heads, metric = self.heads(point), self.units.metric
        total = torch.zeros(3, device=self.device, dtype=torch.float64)
        for chunk in self.sweep(point, heads):
            fresh = self.feature_gradient(chunk, heads)
            margin = self.margins(chunk.logits, chunk.column)
            total[0] += self.loss(margin, chunk.column) + self.feature_penalty(chunk.features, chunk.column)
            total[1] += _weighted_square(fresh, metric.of_samples(chunk.column))
            if gradient is not None:
                old = gradient.features[chunk.rows]
                total[2] += dot_parts(fresh, old)
                old.copy_(fresh)
            if margins is not None:
                margins[:, chunk.rows] = margin
        W, b = self.head_gradients(point, heads)
        if self.samples.ranks.first:
            total[0] += self.head_penalty(point)
            total[1] += _weighted_square(W, metric.W) + _weighted_square(b, metric.b)
            if gradient is not None:
                total[2] += dot_parts(W, gradient.heads) + dot_parts(b, gradient.bias)
        self.samples.ranks.add(total)
        if gradient is not None:
            gradient.heads.copy_(W)
            gradient.bias.copy_(b)
        value, square, overlap = total.tolist()
        return Evaluation(value, square, overlap, self.samples.nothing)

    def value(self, point: Point) -> float:
        """F in this objective's precision, whatever the point's."""
        rounded = Point(point.vector[-self.samples.rows * (self.dim + 1) :].to(self.dtype), 0, *point.shape[1:])
        heads = self.heads(rounded)
        total = self.head_penalty(rounded)
        if not self.samples.ranks.first:
            total.zero_()
        for rows in self.slices():
            column, features = self.samples.column[rows], point.features[rows].to(self.dtype)
            total += self.loss(self.margins(self.logits(features, heads, column), column), column)
            total += self.feature_penalty(features, column)
        self.samples.ranks.add(total)
        return float(total)

    def dot(self, x: Tensor, y: Tensor) -> float:
        """⟨x, y⟩ of vectors laid out as a point's."""
        product = dot_parts(self.own(x), self.own(y))
        self.samples.ranks.add(product)
        return float(product)

    def own(self, vector: Tensor) -> Tensor:
        """The part of a point's vector that this process counts: its features, and in the first process W and b."""
        return vector if self.samples.ranks.first else vector[: self.samples.count * self.dim]

    def feature_penalty(self, features: Tensor, column: Tensor) -> Tensor:
        """½ Σ ρ_i ‖ĥ_i‖² of a chunk."""
        return 0.5 * _weighted_square(features, self.units.penalty.of_samples(column))

    def head_penalty(self, point: Point) -> Tensor:
        """½ (Σ ρ_W Ŵ² + Σ ρ_b b̂²)."""
        penalty = self.units.penalty
        return 0.5 * (_weighted_square(point.heads, penalty.W) + _weighted_square(point.bias, penalty.b))


def chunk_rows(samples: int, rows: int, dim: int, element_size: int, device: torch.device) -> int:
    """Samples per chunk."""
    budget = CPU_CHUNK if device.type == "cpu" else CUDA_CHUNK
    return max(1, min(samples, budget // ((dim + rows) * element_size)))


def _weighted_square(x: Tensor, weight: float | Tensor) -> Tensor:
    if isinstance(weight, float):
        return weight * dot_parts(x, x)
    return (weight * x.square()).sum(dtype=torch.float64)


def _join(blocks: list[Tensor]) -> Tensor:
    flat = [block.flatten(0, 1) for block in blocks]
    return flat[0] if len(flat) == 1 else torch.cat(flat)
