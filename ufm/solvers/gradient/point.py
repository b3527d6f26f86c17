"""The variables as one vector, so that optimizers are vector algebra."""

from __future__ import annotations

import torch
from torch import Tensor

SLICE = 1 << 18  # terms summed one after another in the working precision before float64 takes over
CUDA_SLICE = 1 << 26  # a CUDA sum is a tree


class Point:
    """H, W and b in one vector, with views of each.

    vector    (N d + R d + R,)
    features  (N, d)  one contiguous row per sample; the paper's H (d, N) is features.T
    heads     (R, d)  W
    bias      (R,)    b
    """

    def __init__(self, vector: Tensor, samples: int, rows: int, dim: int) -> None:
        self.vector = vector
        self.shape = (samples, rows, dim)
        features, heads, bias = torch.split(vector, [samples * dim, rows * dim, rows])
        self.features = features.view(samples, dim)
        self.heads = heads.view(rows, dim)
        self.bias = bias

    @classmethod
    def zeros(cls, samples: int, rows: int, dim: int, device: torch.device, dtype: torch.dtype) -> Point:
        """The origin."""
        return cls(torch.zeros(samples * dim + rows * dim + rows, device=device, dtype=dtype), samples, rows, dim)

    def like(self) -> Point:
        """Another point of this shape, at the origin."""
        return Point(torch.zeros_like(self.vector), *self.shape)


def dot_parts(x: Tensor, y: Tensor) -> Tensor:
    """⟨x, y⟩ as a float64 scalar on the device: a float32 sum of 1e8 terms would lose half its digits."""
    size = SLICE if x.device.type == "cpu" else CUDA_SLICE
    slices = zip(torch.split(x.reshape(-1), size), torch.split(y.reshape(-1), size), strict=True)
    parts = [torch.dot(a, b) for a, b in slices]
    return torch.stack(parts).sum(dtype=torch.float64)


def dot(x: Tensor, y: Tensor) -> float:
    """⟨x, y⟩ of tensors of one shape."""
    return float(dot_parts(x, y))
