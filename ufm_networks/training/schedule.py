"""The learning rate of an epoch."""

from __future__ import annotations

import math


def cosine_learning_rate(epoch: int, epochs: int, first: float, final: float) -> float:
    """final + (first − final) (1 + cos(π e / E)) / 2 in epoch e = 0 … E − 1, as CosineAnnealingLR with T_max = E."""
    return final + (first - final) * (1.0 + math.cos(math.pi * epoch / epochs)) / 2.0
