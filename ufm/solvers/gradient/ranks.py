"""The processes that share the columns of H; here one process, which has them all.

With P processes, process r has the samples of the r-th of P runs of equal length, ⌈N / P⌉; every one of them has W and
b. Sums over samples (Σ g_i h_iᵀ, Σ g_i, losses, inner products over H) are sums of the processes' own. What W and b add
to an inner product is counted by the first process. Every number that a decision rests on has been summed, and is
therefore the same in all of them to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import Tensor

Made = TypeVar("Made")


class Ranks:
    """One process: every sum is complete already."""

    rank, size = 0, 1

    @property
    def first(self) -> bool:
        """Whether this process counts what all of them have, prints and writes."""
        return self.rank == 0

    def share(self, samples: int) -> slice:
        """The samples of this process among ``samples``; none if there are more processes than samples."""
        return share_of(self.rank, self.size, samples)

    def add(self, *sums: Tensor) -> None:
        """Replaces each tensor by its sum over the processes, in one message."""

    def mean(self, x: Tensor) -> Tensor:
        """Of the entries of all processes."""
        return x.mean()

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        return flag

    def together(self, work: Callable[[], Made]) -> Made:
        """Returns what ``work`` returns here; raises an error naming the process if it fails in any."""
        return work()

    def on_one_device(self, device: str, amount: int) -> int:
        """The sum of the amounts of all processes on this device."""
        return amount

    def require_same(self, values: Mapping[str, Any]) -> None:
        """Raises Raises ValueError naming what differs between processes."""

    def gathered(self, rows: Tensor, total: int) -> Tensor:
        """(total, d) of the rows (n, d) of all processes in the first one, in order; in the others their own."""
        return rows


def share_of(rank: int, size: int, samples: int) -> slice:
    """The rank-th of ``size`` runs of ⌈samples / size⌉, as ``torch.chunk`` and DTensor cut; the last may be short."""
    length = -(-samples // size)
    return slice(min(samples, rank * length), min(samples, (rank + 1) * length))


ALONE = Ranks()
