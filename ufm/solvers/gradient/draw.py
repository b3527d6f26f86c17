"""Standard normals by index: the part that one process needs of a start that all processes share.

One generator draws them in order, so a process also draws and drops the numbers before its own: N d numbers, a matter
of seconds if one process could hold them. Starts of more than ``ONE_STREAM`` numbers are drawn in slices with one
generator each, and a process draws its own slices only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ufm.solvers.gradient.point import SLICE

ONE_STREAM = 1 << 33  # numbers: a minute's drawing


def draw_normals(seed: int, total: int, dtype: torch.dtype, wanted: Sequence[tuple[int, Tensor]]) -> None:
    """Fills each (first, vector) with numbers first, first + 1, … of the ``total`` that the seed stands for.

    They depend on seed, total and dtype alone.
    """
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, total, SLICE):
        length = min(SLICE, total - start)
        places = [place for place in (_common(start, length, *each) for each in wanted) if place is not None]
        if total > ONE_STREAM:
            if not places:
                continue
            generator.manual_seed(
                int(np.random.SeedSequence([seed, start // SLICE]).generate_state(1, np.uint64)[0] >> 1)
            )
        numbers = torch.randn(length, generator=generator, dtype=dtype)
        for here, vector in places:
            vector.copy_(numbers[here])


def _common(start: int, length: int, first: int, vector: Tensor) -> tuple[slice, Tensor] | None:
    """Which of the ``length`` numbers from ``start`` on go where in the vector."""
    low, high = max(start, first), min(start + length, first + len(vector))
    if low >= high:
        return None
    return slice(low - start, high - start), vector[low - first : high - first]
